import { bound } from '../../src/report/wording.ts';

/** Markup that is safe to insert as it is. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

const entities: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' };

type Insertion = string | number | Markup | undefined | readonly Insertion[];

function inserted(value: Insertion): string {
  if (value === undefined) return '';
  if (value instanceof Markup) return value.text;
  if (typeof value === 'object') return value.map(inserted).join('');
  return bound(String(value)).replaceAll(/[&<>"']/g, (character) => entities[character] ?? character);
}

/** A template of markup: whatever is inserted is escaped and keeps numbers with their units, unless it is markup itself. */
export function html(strings: TemplateStringsArray, ...values: readonly Insertion[]): Markup {
  return new Markup(strings.map((part, index) => part + inserted(values[index])).join(''));
}
