import type { DataFolder } from '../../schema/catalogue/catalogue.ts';
import type { Example, Facts } from './shipped.ts';

/** An entry of the catalogue. */
export interface Entry {
  readonly name: string;
  /** What its file calls it; the name where it does not say. */
  readonly title: string;
}

/** What is shipped with the page. */
export interface Catalogued {
  readonly entries: Readonly<Record<DataFolder, readonly Entry[]>>;
  readonly examples: Readonly<Record<string, Example>>;
}

/** Names and titles of what is shipped. */
export function cataloguedOf({ folders, examples }: Facts): Catalogued {
  const entries = Object.entries(folders).map(([folder, files]) => [
    folder,
    Object.entries(files).map(([name, value]): Entry => {
      const title = (value as { readonly title?: unknown }).title;
      return { name, title: typeof title === 'string' ? title : name };
    }),
  ]);
  return { entries: Object.fromEntries(entries) as Catalogued['entries'], examples };
}
