import { describe, expect, test } from 'vitest';
import { atBounds } from './bounds.ts';
import { markOf } from './sample.ts';
import { scatterOf } from './scatter.ts';
import { madeUpDie, rowsOf, tasks, type Task } from './synthetic.contract.ts';

const swept = { ...tasks, sweep: ({ work, part }: Task) => ({ along: String(part), at: work }) };
const truth = [5e-6, 0.8, 2e-7];

describe('scatter', () => {
  test('is nothing where more work takes more time', () => {
    expect(scatterOf(swept, rowsOf(truth)).p99).toBe(0);
  });

  test('is no more than the error of any curve that does not fall', () => {
    const noisy = rowsOf(truth, (_, i) => (i % 2 === 0 ? 2.6 : 1));
    const { rows, median, p90, p99 } = scatterOf(swept, noisy);
    const around = noisy.map(({ shape, time }) => Math.abs((tasks.time(shape, madeUpDie, truth) * 1.6) / time - 1)).sort((a, b) => a - b);
    expect(rows).toBe(noisy.length);
    expect(p99).toBeGreaterThan(0.2);
    expect(median).toBeLessThanOrEqual(around[around.length >> 1] ?? 0);
    expect(p90).toBeLessThanOrEqual(p99);
  });

  test('of repeats is their distance from their median', () => {
    const [row] = rowsOf(truth);
    if (row === undefined) throw new Error('no rows');
    const repeats = [0.9, 1, 1.2].map((factor) => ({ ...row, time: row.time * factor }));
    expect(scatterOf(tasks, repeats).median).toBeCloseTo(1 / 9, 6);
  });
});

test('a constant at either end of its bounds is told, and no other', () => {
  const [floor, rate, each] = tasks.parameters;
  expect(atBounds(tasks.parameters, { floor: floor?.min ?? 0, rate: 0.5, each: each?.max ?? 0 }).map(({ parameter, end }) => [parameter.name, end])).toEqual([
    ['floor', 'least'],
    ['each', 'most'],
  ]);
  expect(rate?.name).toBe('rate');
});

test('the mark of a table survives the loss of most of its rows, and is of no other table', () => {
  const rows = rowsOf(truth);
  const mark = markOf(rows);
  const kept = rows.filter((row) => markOf([row]) === mark || row.shape.part === 1e6);
  expect(kept.length).toBeLessThan(rows.length);
  expect(markOf(kept)).toBe(mark);
  expect(markOf(rowsOf(truth, () => 1.001))).not.toBe(mark);
});
