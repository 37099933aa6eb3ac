import { existsSync, readFileSync } from 'node:fs';
import { readCells } from '../schema/calibration.ts';
import { InputError } from '../src/base/errors.ts';
import type { Chip } from '../src/catalogue/chip.ts';
import type { Stack } from '../src/catalogue/stack.ts';
import type { Cell } from '../src/cost/calibration/cell.ts';
import { cellsOf } from '../src/cost/calibration/find.ts';
import { loadCalibration } from './calibration.ts';
import { Gathered } from './gathered.ts';

/** A file that `calibrate --out` wrote. */
export interface OwnCells {
  readonly path: string;
  readonly cells: readonly Cell[];
}

/**
 * Cells of a file that `calibrate --out` wrote.
 * @throws InputError for a file that is none
 */
export function cellsAt(path: string): readonly Cell[] {
  if (!existsSync(path)) throw new InputError([{ path: '--calibration', message: `no such file: ${path}` }]);
  let value: unknown;
  try {
    value = JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new InputError([{ path, message: error instanceof Error ? error.message : 'no JSON' }]);
  }
  return readCells(value, path);
}

/** @throws InputError with every problem of all files */
export async function ownCellsAt(paths: readonly string[]): Promise<readonly OwnCells[]> {
  const gathered = new Gathered();
  const own: OwnCells[] = [];
  for (const path of paths) {
    const cells = await gathered.attempt(() => cellsAt(path));
    if (cells !== undefined) own.push({ path, cells });
  }
  gathered.settle();
  return own;
}

/** The cells of files in front of those that are shipped, and in place of the ones of the same chip, stack, class and format. */
export function withOwnCells(files: readonly OwnCells[]): readonly Cell[] {
  const shipped = loadCalibration();
  if (files.length === 0) return shipped;
  const own = files.flatMap(({ cells }) => cells);
  const names = new Set(own.map(nameOf));
  return [...own, ...shipped.filter((cell) => !names.has(nameOf(cell)))];
}

/** @throws InputError with every file that has no cell of the chip, or of one of its generation, under the stack: nothing would come of it */
export function checkOwnCells(files: readonly OwnCells[], chip: Chip, { name, base = name }: Stack): void {
  const issues = files.flatMap(({ path, cells }) => {
    if (cellsOf(cells, chip).some(({ stack }) => stack === base)) return [];
    const found = [...new Set(cells.map((cell) => `${cell.chip} under ${cell.stack}`))].join(', ');
    return [{ path: '--calibration', message: `${path} has cells of ${found || 'nothing'}; expected some of ${chip.name} or its generation under ${base}` }];
  });
  if (issues.length > 0) throw new InputError(issues);
}

function nameOf({ chip, stack, class: operatorClass, format }: Cell): string {
  return [chip, stack, operatorClass, format].join(' ');
}
