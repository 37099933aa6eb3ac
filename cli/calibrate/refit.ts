import type { OperatorTable, TableCell } from '../../schema/tables/read-table.ts';
import { InputError } from '../../src/base/errors.ts';
import type { Chip } from '../../src/catalogue/chip.ts';
import { calibrateCell, defaultCalibration, type Calibration } from '../../src/cost/calibration/calibrate.ts';
import type { Cell, CellKey } from '../../src/cost/calibration/cell.ts';
import { dieRates, numberFormatOf } from '../../src/cost/calibration/die.ts';
import type { DieRates, MeasuredRow, OperatorFamily } from '../../src/cost/calibration/family.ts';
import { markOf, shapeKey } from '../../src/cost/calibration/sample.ts';

/** A fitted cell with what it was fitted on. */
export interface RefitCell extends Calibration<unknown> {
  readonly family: OperatorFamily<unknown>;
  readonly die: DieRates;
}

/** What a refit is of. */
export interface Refit {
  readonly chip: Chip;
  readonly stack: string;
  readonly source: string;
  /** A cell of a sister chip that a fit may lean on. */
  readonly priorOf?: ((key: CellKey) => Cell | undefined) | undefined;
  /** Which cells; absent: all. */
  readonly only?: ((key: CellKey) => boolean) | undefined;
}

/** Rows of all tables by cell, in the order in which cells first appear; parts of one launch are one row. */
export function mergedCells(tables: readonly OperatorTable[]): readonly TableCell[] {
  const cells = new Map<string, TableCell>();
  for (const cell of tables.flatMap((table) => table.cells)) {
    const key = `${cell.family.class} ${cell.format}`;
    const known = cells.get(key);
    if (known === undefined) {
      cells.set(key, { ...cell, rows: [...cell.rows], parts: [...cell.parts], left: new Map(cell.left) });
      continue;
    }
    for (const row of cell.rows) known.rows.push(row);
    for (const part of cell.parts) known.parts.push(part);
    for (const [reason, count] of cell.left) known.left.set(reason, (known.left.get(reason) ?? 0) + count);
  }
  return [...cells.values()].map((cell) => (cell.parts.length === 0 ? cell : completed(cell)));
}

const incomplete = 'a part of a launch whose other parts are in no table';

/** Adds up the parts of each shape; of a part that is there twice, the first counts. */
function completed(cell: TableCell): TableCell {
  const launches = new Map<string, { readonly shape: unknown; readonly of: readonly string[]; readonly times: Map<string, number> }>();
  for (const { shape, part, of, time } of cell.parts) {
    const key = shapeKey(shape);
    const launch = launches.get(key) ?? { shape, of, times: new Map<string, number>() };
    launches.set(key, launch);
    if (!launch.times.has(part)) launch.times.set(part, time);
  }
  const whole: MeasuredRow<unknown>[] = [];
  let lacking = 0;
  for (const { shape, of, times } of launches.values()) {
    if (of.every((part) => times.has(part))) whole.push({ shape, time: [...times.values()].reduce((sum, time) => sum + time, 0) });
    else lacking++;
  }
  const left = lacking === 0 ? cell.left : new Map(cell.left).set(incomplete, lacking);
  return { ...cell, rows: [...cell.rows, ...whole], parts: [], left };
}

/** The rates of a chip's die for a cell's format. */
export function ratesFor(chip: Chip, format: string): DieRates {
  const number = numberFormatOf(format);
  if (number === undefined) throw new InputError([{ path: 'format', message: `no number format begins "${format}"` }]);
  return dieRates(chip, number);
}

/** Fits every cell that the tables hold. */
export function* refit(tables: readonly OperatorTable[], { chip, stack, source, only, priorOf }: Refit): Generator<RefitCell, void, undefined> {
  for (const { family, format, rows, left } of mergedCells(tables)) {
    const key: CellKey = { chip: chip.name, stack, class: family.class, format };
    if (rows.length === 0 || only?.(key) === false) continue;
    const die = ratesFor(chip, format);
    const prior = priorOf?.(key);
    const whole = prior === undefined ? source : `${source}; drawn to the constants of ${prior.chip}`;
    const fitted = calibrateCell(family, key, rows, die, whole, left, { ...defaultCalibration, prior });
    const own = tables.flatMap((table) => table.cells.filter((cell) => cell.family.class === family.class && cell.format === format && cell.rows.length > 0));
    yield { ...fitted, cell: { ...fitted.cell, tables: own.map((cell) => markOf(cell.rows)) }, family, die };
  }
}
