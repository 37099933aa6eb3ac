/** What a column holds: whole numbers of less than 2^31, any numbers, or text. */
export type ColumnKind = 'integer' | 'number' | 'text';

/** A column of a table that is written row by row. Values are in SI units; `null` where there is none. */
export interface TableColumn {
  readonly name: string;
  readonly kind: ColumnKind;
}

export type Value = number | string | null;

/** A value for each column, in their order. */
export type Row = readonly Value[];

/** Columns of one kind. */
export function columnsOf(kind: ColumnKind, ...names: readonly string[]): readonly TableColumn[] {
  return names.map((name) => ({ name, kind }));
}
