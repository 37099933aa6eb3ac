import type { DataFolder } from '../../schema/catalogue/catalogue.ts';

/** The content of a scenario file. */
export type ScenarioValue = Readonly<Record<string, unknown>>;

export interface Example {
  /** What its file says of it. */
  readonly about: string;
  readonly scenario: ScenarioValue;
}

/** The files of `data/` as JSON, by name. */
export interface Facts {
  readonly folders: Readonly<Record<DataFolder, Readonly<Record<string, unknown>>>>;
  readonly power: unknown;
  readonly uncertainty: unknown;
  readonly overheads: unknown;
  readonly examples: Readonly<Record<string, Example>>;
}
