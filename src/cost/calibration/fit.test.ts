import { describe, expect, test } from 'vitest';
import { axisOf, stepOf, valueAt } from './axis.ts';
import { fitParameters } from './fit.ts';
import { madeUpDie, rowsOf, tasks } from './synthetic.contract.ts';

const truth = [5e-6, 0.8, 2e-7];

describe('fitted parameters', () => {
  test('are those that made the rows', () => {
    const fitted = fitParameters(tasks, rowsOf(truth), madeUpDie);
    truth.forEach((value, p) => expect(fitted[p]! / value).toBeCloseTo(1, 2));
  });

  test('are not pulled by one row in ten that is three times too slow', () => {
    const fitted = fitParameters(
      tasks,
      rowsOf(truth, (_, i) => (i % 10 === 0 ? 3 : 1)),
      madeUpDie,
    );
    truth.forEach((value, p) => expect(Math.abs(fitted[p]! / value - 1)).toBeLessThan(0.05));
  });

  test('stay within their bounds whatever the rows say', () => {
    for (const factor of [1e-3, 1e3]) {
      const fitted = fitParameters(
        tasks,
        rowsOf(truth, () => factor),
        madeUpDie,
      );
      tasks.parameters.forEach(({ min, max }, p) => {
        expect(fitted[p]).toBeGreaterThanOrEqual(min);
        expect(fitted[p]).toBeLessThanOrEqual(max);
      });
    }
  });

  test('stay where a sister chip has them if rows do not say, and leave it if they do', () => {
    const whole = Array.from({ length: 20 }, () => rowsOf(truth).filter(({ shape }) => shape.work > 1e9)).flat();
    const prior = { floor: 5e-6, rate: 0.4, each: 2e-7 };
    const fitted = fitParameters(tasks, whole, madeUpDie, prior);
    expect(Math.abs(fitted[0]! / 5e-6 - 1)).toBeLessThan(0.3);
    expect(Math.abs(fitted[1]! / 0.8 - 1)).toBeLessThan(0.1);
  });

  test('are found from a further start where the first leads nowhere', () => {
    const hidden = {
      ...tasks,
      time: (shape: Parameters<typeof tasks.time>[0], die: typeof madeUpDie, p: ArrayLike<number>) =>
        tasks.time(shape, die, [p[0]!, p[1]!, p[3]! > 0.5 ? p[2]! : 0]),
    };
    const starts = (also?: readonly number[]): typeof tasks => ({
      ...hidden,
      parameters: [...tasks.parameters, { name: 'on', unit: '1', min: 0, max: 1, start: 0.01, also }],
    });
    const missed = (family: typeof tasks): number => Math.abs(fitParameters(family, rowsOf(truth), madeUpDie)[2]! / 2e-7 - 1);
    expect(missed(starts([0.9]))).toBeLessThan(0.05);
    expect(missed(starts())).toBeGreaterThan(0.1);
  });

  test('are the same bits for the same rows', () => {
    const rows = rowsOf(truth, (_, i) => 1 + (i % 7) / 50);
    expect(fitParameters(tasks, rows, madeUpDie)).toEqual(fitParameters(tasks, rows, madeUpDie));
  });
});

describe('steps of a parameter', () => {
  test('come back as they went, and lie near the value', () => {
    for (const parameter of tasks.parameters)
      for (const share of [0, 0.123, 0.5, 0.987, 1]) {
        const value = axisOf(parameter).at(share);
        const step = stepOf(parameter, value);
        expect(stepOf(parameter, valueAt(parameter, step))).toBe(step);
        expect(Math.abs(valueAt(parameter, step) - value)).toBeLessThanOrEqual(0.002 * value + 1e-12);
      }
  });
});
