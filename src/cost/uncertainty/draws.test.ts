import { describe, expect, test } from 'vitest';
import { exp } from '../../kernel/elementary.ts';
import { drawsOf } from './draws.ts';
import { intervalOf } from './interval.ts';
import { errorAt, exactly, spreadOfScore } from './spread.ts';

const spread = { median: 0.03, p90: 0.12, p99: 0.4 };
const valuesOf = (name: string, seed: number, samples: number): readonly number[] => drawsOf(seed, samples).map((draw) => draw(name));

describe('draws', () => {
  test('depend on seed and name alone: not on who asked before', () => {
    const [first] = drawsOf(7, 31);
    const [again] = drawsOf(7, 31);
    expect(again?.('b')).toBe((first?.('a'), first?.('b')));
    expect(valuesOf('a', 7, 31)).toEqual(valuesOf('a', 7, 31));
    expect(valuesOf('a', 7, 31)).not.toEqual(valuesOf('b', 7, 31));
    expect(valuesOf('a', 7, 31)).not.toEqual(valuesOf('a', 8, 31));
  });

  test('of one unknown fill the distribution evenly', () => {
    for (const samples of [12, 31]) {
      const sorted = valuesOf('unknown', 3, samples).toSorted((a, b) => a - b);
      expect(sorted.filter((value) => value < 0).length).toBeGreaterThanOrEqual(Math.floor(samples / 2));
      expect(Math.abs(sorted.reduce((sum, value) => sum + value, 0) / samples)).toBeLessThan(0.1);
      expect(sorted.every(Number.isFinite)).toBe(true);
    }
  });

  test('of two unknowns have nothing to do with each other', () => {
    const [a, b] = [valuesOf('a', 5, 999), valuesOf('b', 5, 999)];
    expect(Math.abs(a.reduce((sum, value, k) => sum + value * (b[k] ?? 0), 0) / 999)).toBeLessThan(0.1);
  });
});

describe('an error', () => {
  test('has the quantiles of its spread, and both signs', () => {
    const errors = valuesOf('x', 1, 9999).map((variate) => errorAt(spread, variate));
    const sizes = errors.map(Math.abs).toSorted((a, b) => a - b);
    for (const [share, size] of [
      [0.5, spread.median],
      [0.9, spread.p90],
      [0.99, spread.p99],
    ] as const)
      expect(Math.abs((sizes[Math.floor(share * sizes.length)] ?? 0) / size - 1)).toBeLessThan(0.05);
    expect(Math.abs(errors.filter((error) => error > 0).length / errors.length - 0.5)).toBeLessThan(0.01);
  });

  test('grows with the variate, and is nothing without a spread', () => {
    let before = -Infinity;
    for (let variate = -4; variate <= 4; variate += 0.01) {
      const here = errorAt(spread, variate);
      expect(here).toBeGreaterThanOrEqual(before);
      before = here;
      expect(Math.abs(errorAt(exactly, variate))).toBe(0);
    }
  });

  test('of a score without rows is not known', () => {
    expect(spreadOfScore({ rows: 0, median: NaN, p90: NaN, p99: NaN })).toBeUndefined();
  });
});

describe('an interval', () => {
  test('holds a further draw in eight of ten cases, whatever the distribution', () => {
    let inside = 0;
    const trials = 2000;
    for (let trial = 0; trial < trials; trial++) {
      const [truth = 0, ...samples] = Array.from({ length: 16 }, (_, k) => exp(2 * (drawsOf(trial, 1)[0]?.(`draw ${k}`) ?? 0)));
      const sorted = samples.toSorted((a, b) => a - b);
      const { low, high } = intervalOf(sorted[7] ?? 0, samples);
      if (truth >= low && truth <= high) inside++;
    }
    expect(inside / trials).toBeGreaterThan(0.77);
    expect(inside / trials).toBeLessThan(0.83);
  });

  test('holds the nominal value, and is that alone for equal samples', () => {
    const many = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10];
    expect(intervalOf(99, many).high).toBe(99);
    expect(intervalOf(-1, many).low).toBe(-1);
    expect(
      intervalOf(
        4,
        many.map(() => 4),
      ),
    ).toEqual({ low: 4, high: 4 });
  });
});
