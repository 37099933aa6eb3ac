import { existsSync, readFileSync } from 'node:fs';
import { readCells } from '../schema/calibration.ts';
import { InputError, type Issue } from '../src/base/errors.ts';
import type { Chip } from '../src/catalogue/chip.ts';
import type { Stack } from '../src/catalogue/stack.ts';
import type { Cell } from '../src/cost/calibration/cell.ts';
import { cellsOf } from '../src/cost/calibration/find.ts';
import { loadCalibration } from './calibration.ts';
import { parseFile } from './data.ts';

/**
 * Cells of a file that `calibrate --out` wrote.
 * @throws InputError for a file that is none
 */
export function cellsAt(path: string): readonly Cell[] {
  if (!existsSync(path)) throw new InputError([{ path: '--calibration', message: `no such file: ${path}` }]);
  try {
    JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new InputError([{ path, message: error instanceof Error ? error.message : 'no JSON' }]);
  }
  return readCells(parseFile(path), path);
}

/**
 * The cells of files in front of those that are shipped, and in place of the ones of the same chip, stack, class and format.
 * @throws InputError with every problem of all files
 */
export function withOwnCells(paths: readonly string[]): readonly Cell[] {
  const issues: Issue[] = [];
  const own = paths.flatMap((path) => {
    try {
      return cellsAt(path);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      issues.push(...error.issues);
      return [];
    }
  });
  if (issues.length > 0) throw new InputError(issues);
  const names = new Set(own.map(nameOf));
  return [...own, ...loadCalibration().filter((cell) => !names.has(nameOf(cell)))];
}

/** @throws InputError with every file that has no cell of the chip, or of one of its generation, under the stack: nothing would come of it */
export function checkOwnCells(paths: readonly string[], chip: Chip, { name, base = name }: Stack): void {
  const issues = paths.flatMap((path) => {
    const cells = cellsAt(path);
    if (cellsOf(cells, chip).some(({ stack }) => stack === base)) return [];
    const found = [...new Set(cells.map((cell) => `${cell.chip} under ${cell.stack}`))].join(', ');
    return [{ path: '--calibration', message: `${path} has cells of ${found || 'nothing'}; expected some of ${chip.name} or its generation under ${base}` }];
  });
  if (issues.length > 0) throw new InputError(issues);
}

function nameOf({ chip, stack, class: operatorClass, format }: Cell): string {
  return [chip, stack, operatorClass, format].join(' ');
}
