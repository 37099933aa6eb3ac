import { describe, expect, test } from 'vitest';
import { counterUniform } from '../kernel/random.ts';
import { normalQuantile } from '../kernel/normal.ts';
import { standardError } from './intervals.ts';

const noise = (stream: number, n: number): readonly number[] =>
  Array.from({ length: n }, (_, i) => normalQuantile(Math.max(1e-9, counterUniform(7, 1, stream, i))));

describe("the standard error of a run's pieces", () => {
  test('is that of the mean where pieces are independent, whatever the stretch', () => {
    const n = 200;
    for (const length of [1, 5, 20]) {
      const runs = Array.from({ length: 200 }, (_, run) =>
        standardError(
          noise(run, n).map((value) => 10 + value),
          length,
        ),
      );
      const mean = runs.reduce((sum, value) => sum + value, 0) / runs.length;
      expect(mean * 10 * Math.sqrt(n)).toBeGreaterThan(0.85);
      expect(mean * 10 * Math.sqrt(n)).toBeLessThan(1.1);
    }
  });

  test('leaves out waves of one stretch, and counts what outlasts it', () => {
    const wave = Array.from({ length: 60 }, (_, i) => (i % 12 < 4 ? 3 : 0));
    expect(standardError(wave, 1)).toBeGreaterThan(0.15);
    expect(standardError(wave, 12)).toBeLessThan(0.01);
    const drift = Array.from({ length: 60 }, (_, i) => (i < 30 ? 1 : 3));
    expect(standardError(drift, 12)).toBeGreaterThan(standardError(drift, 1) * 2);
  });

  test('is nothing where nothing can be told', () => {
    expect(standardError([], 1)).toBe(0);
    expect(standardError([1, 2], 1)).toBe(0);
    expect(standardError([1, 2, 3, 4, 5], 4)).toBe(0);
    expect(standardError([0, 0, 0, 0], 1)).toBe(0);
  });
});
