import type { PowerFacts } from '../src/catalogue/power.ts';
import { figure, shareFigure } from './figure.ts';
import { read, record } from './read.ts';

const facts = record({
  activity: record({
    running: shareFigure(),
    matrix: shareFigure(),
    vector: shareFigure(),
    memory: figure('energy-per-byte'),
    link: figure('energy-per-byte'),
  }),
  ownership: record({ life: figure('time'), electricity: figure('energy-price') }),
});

/**
 * Facts about power that hold for any machine, from the content of data/power.yaml. `path` names the file in errors.
 * @throws InputError with every problem.
 */
export function readPowerFacts(value: unknown, path: string): PowerFacts {
  return read<PowerFacts>(facts, value, path);
}
