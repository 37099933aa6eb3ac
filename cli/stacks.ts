import { readStack } from '../schema/stack.ts';
import type { Stack } from '../src/catalogue/stack.ts';
import { loadCalibration } from './calibration.ts';
import { dataNames, readData } from './data.ts';

/**
 * A software stack with all calibrated cells, by its name in the catalogue or by its path (relative to `base`).
 * @throws InputError with every problem of the file.
 */
export function loadStack(nameOrPath: string, at: string = 'stack', base?: string): Stack {
  const file = readData('stacks', nameOrPath, at, base);
  const path = /[/\\]|\.(ya?ml|json)$/.test(nameOrPath) ? nameOrPath : file.path;
  const other = (name: string): unknown => (dataNames('stacks').includes(name) ? readData('stacks', name, at).value : undefined);
  return { ...readStack(file.value, path, other), cells: loadCalibration() };
}
