import type { OperatorFamily } from '../../src/cost/calibration/family.ts';

/** What is known of a table before its first row. */
export interface TableHeader {
  /** Path as it was given: published layouts say chip or phase in it. */
  readonly file: string;
  readonly columns: readonly string[];
  /** Columns with one value, which an index beside the table gives instead of repeating it. */
  readonly constants: ReadonlyMap<string, string>;
}

/** One row of a table. Columns that are constant read like any other. */
export interface TableRecord {
  readonly header: TableHeader;
  /** Empty where there is no such column. */
  text(column: string): string;
  /** NaN where the cell is empty or no number. */
  number(column: string): number;
}

/** What a layout makes of a row. */
export type Reading<Shape> =
  | {
      readonly kind: 'row';
      /**
       * Format of the cell: a number format that names the die's peak, then, after a dash, what else tells kernels apart
       * (`fp8`, `fp8-block`, `bf16-kv-fp8`).
       */
      readonly format: string;
      readonly shape: Shape;
      /** [s] */
      readonly time: number;
      /** Which part of the launch it is the time of, for a layout with parts. */
      readonly part?: string | undefined;
    }
  /** Of this family, but kept out of the fit by a written rule; counted by its reason. */
  | { readonly kind: 'left-out'; readonly format: string; readonly reason: string }
  /** Not of this family: another operator in the same table. Not counted. */
  | { readonly kind: 'other' };

/** How a published or documented table maps to the shapes of one family. A table may have several layouts, one for each family in it. */
export interface Layout<Shape = unknown> {
  readonly name: string;
  /** For the help text and the guide. */
  readonly summary: string;
  readonly family: OperatorFamily<Shape>;
  /** Columns that a table must have, constant ones included. */
  readonly columns: readonly string[];
  /** What else must hold of a table. */
  readonly accepts?: ((header: TableHeader) => boolean) | undefined;
  /** Tables that time one launch in parts: the times of all of these add up, for the same shape in the same format. */
  readonly parts?: readonly string[] | undefined;
  readonly read: (record: TableRecord) => Reading<Shape>;
}
