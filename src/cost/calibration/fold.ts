import { hashOf } from './sample.ts';

/** Rows that a fit sees and rows that it is scored on. */
export interface Fold<Row> {
  readonly seen: readonly Row[];
  readonly held: readonly Row[];
}

/** Splits rows into folds that hold out whole groups, by a hash of the group: the same groups always fall together. */
export function foldsOf<Row>(rows: readonly Row[], groupOf: (row: Row) => string, count: number): readonly Fold<Row>[] {
  const groups = new Map<string, number>();
  for (const row of rows) {
    const group = groupOf(row);
    if (!groups.has(group)) groups.set(group, 0);
  }
  const order = [...groups.keys()].sort((a, b) => hashOf(a) - hashOf(b) || (a < b ? -1 : 1));
  order.forEach((group, i) => groups.set(group, i % count));
  return Array.from({ length: Math.min(count, order.length) }, (_, fold) => ({
    seen: rows.filter((row) => groups.get(groupOf(row)) !== fold),
    held: rows.filter((row) => groups.get(groupOf(row)) === fold),
  })).filter(({ seen, held }) => seen.length > 0 && held.length > 0);
}
