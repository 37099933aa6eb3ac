import type { Chip } from '../../catalogue/chip.ts';
import type { Figure } from '../../catalogue/figure.ts';
import { dieRates } from './die.ts';
import type { DieRates, MeasuredRow, OperatorFamily } from './family.ts';

/** A launch that needs no explanation: `work` units in parts of `part`. */
export interface Task {
  readonly work: number;
  readonly part: number;
}

const figure = (value: number): Figure => ({ value, kind: 'estimate', source: 'made up' });

export const madeUpChip: Chip = {
  name: 'made-up',
  title: 'Made up',
  vendor: 'Nobody',
  word: 'chip',
  generation: 'first',
  dies: 1,
  die: {
    matrix: { cores: figure(16), peaks: { bf16: { peak: figure(1e14), ceiling: figure(9e13) } } },
    vector: { cores: figure(16), peak: figure(1e13) },
    memory: { capacity: figure(6.4e10), bandwidth: figure(1e12) },
  },
  power: { max: figure(400) },
  notes: [],
};

export const madeUpDie: DieRates = dieRates(madeUpChip, 'bf16');

/** A floor, a rate, and parts that are begun and finished whole. */
export const tasks: OperatorFamily<Task> = {
  class: 'task',
  parameters: [
    { name: 'floor', unit: 's', min: 1e-7, max: 1e-4, start: 1e-6 },
    { name: 'rate', unit: 'share of peak', min: 0.1, max: 1, start: 0.5 },
    { name: 'each', unit: 's per part', min: 0, max: 1e-6, start: 1e-7 },
  ],
  time: ({ work, part }, die, p) => (p[0] as number) + work / (die.peak * (p[1] as number)) + Math.ceil(work / part) * (p[2] as number),
  floor: ({ work }, die) => work / die.ceiling,
  features: ({ work, part }) => [octave(work), octave(part)],
  group: ({ part }) => String(part),
};

function octave(value: number): number {
  let octaves = 0;
  while (value >= 2) {
    value /= 2;
    octaves++;
  }
  return octaves + value - 1;
}

export const taskShapes: readonly Task[] = [1e6, 4e6, 1.6e7].flatMap((part) =>
  [1, 3, 10, 30, 100, 300, 1000, 3000].flatMap((times) => [1, 1.4].map((odd) => ({ work: 2e6 * times * odd, part }))),
);

/** Rows of the family with these constants, times what `factor` says. */
export function rowsOf(parameters: readonly number[], factor: (shape: Task, i: number) => number = () => 1): readonly MeasuredRow<Task>[] {
  return taskShapes.map((shape, i) => ({ shape, time: tasks.time(shape, madeUpDie, parameters) * factor(shape, i) }));
}
