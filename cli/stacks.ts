import { dirname } from 'node:path';
import { readLibrary } from '../schema/library.ts';
import { readStack } from '../schema/stack.ts';
import type { Library } from '../src/catalogue/library.ts';
import type { Stack } from '../src/catalogue/stack.ts';
import { loadCalibration } from './calibration.ts';
import { dataNames, readData } from './data.ts';
import { loadUncertainty } from './uncertainty.ts';

/**
 * A communication library by its name in the catalogue or by its path (relative to `base`).
 * @throws InputError with every problem of the file.
 */
function loadLibrary(nameOrPath: string, base?: string): Library {
  const file = readData('libraries', nameOrPath, 'library', base);
  return readLibrary(file.value, shown(nameOrPath, file.path));
}

/**
 * A software stack with all calibrated cells and what is not known, by its name in the catalogue or by its path (relative to `base`).
 * @throws InputError with every problem of the file.
 */
export function loadStack(nameOrPath: string, at: string = 'stack', base?: string): Stack {
  const file = readData('stacks', nameOrPath, at, base);
  const library = (name: string): Library => loadLibrary(name, dirname(file.path));
  const other = (name: string): unknown => (dataNames('stacks').includes(name) ? readData('stacks', name, at).value : undefined);
  return { ...readStack(file.value, shown(nameOrPath, file.path), { library, stack: other }), cells: loadCalibration(), uncertainty: loadUncertainty() };
}

/** How errors name a file: as the user typed it when that was a path, by its place in the catalogue otherwise. */
function shown(typed: string, path: string): string {
  return /[/\\]|\.(ya?ml|json)$/.test(typed) ? typed : path;
}
