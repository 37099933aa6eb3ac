import { readStack } from '../schema/stack.ts';
import type { Stack } from '../src/catalogue/stack.ts';
import { loadCalibration } from './calibration.ts';
import { readData } from './data.ts';
import { loadUncertainty } from './uncertainty.ts';

/**
 * A software stack with all calibrated cells and what is not known, by its name in the catalogue or by its path (relative to `base`).
 * @throws InputError with every problem of the file.
 */
export function loadStack(nameOrPath: string, at: string = 'stack', base?: string): Stack {
  const file = readData('stacks', nameOrPath, at, base);
  return {
    ...readStack(file.value, /[/\\]|\.(ya?ml|json)$/.test(nameOrPath) ? nameOrPath : file.path),
    cells: loadCalibration(),
    uncertainty: loadUncertainty(),
  };
}
