import type { OperatorTable } from '../../schema/tables/read-table.ts';
import { InputError } from '../../src/base/errors.ts';
import { mergedCells, type RefitCell } from './refit.ts';

/** A cell that is in the tables and of which no row is left to fit. */
export interface Unfitted {
  readonly class: string;
  readonly format: string;
  /** Its rows, by why they are left out. */
  readonly left: ReadonlyMap<string, number>;
}

/** @param refitted what came of the tables, cells without rows among it */
export function unfittedOf(tables: readonly OperatorTable[], refitted: readonly RefitCell[]): readonly Unfitted[] {
  const unread = mergedCells(tables).filter(({ rows }) => rows.length === 0);
  const sifted = refitted.filter(({ kept }) => kept.length === 0);
  return [
    ...unread.map(({ family, format, left }) => ({ class: family.class, format, left })),
    ...sifted.map(({ cell, left }) => ({ class: cell.class, format: cell.format, left })),
  ];
}

/** `70 faster than the die allows; 2 ...`. */
export function reasonsText(left: ReadonlyMap<string, number>): string {
  return [...left].map(([reason, count]) => `${count} ${reason}`).join('; ');
}

/** Each cell with what is left out of it, and what may be wrong with the times. */
export function unfittedText(cells: readonly Unfitted[]): string {
  const named = cells.map(({ class: name, format, left }) => `${name} in ${format} (${reasonsText(left)})`).join(', ');
  const hasty = cells.some(({ left }) => [...left.keys()].some((reason) => reason.startsWith('faster')));
  return `${named}${hasty ? '. Times that short may be in another unit: the plain layouts take microseconds' : ''}`;
}

/** The refusal of tables that leave nothing to fit. */
export function noneFitted(files: readonly string[], cells: readonly Unfitted[]): InputError {
  return new InputError([{ path: files.join(', '), message: `no row is left to fit: ${unfittedText(cells)}` }]);
}
