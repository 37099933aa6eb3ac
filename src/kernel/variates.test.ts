import { describe, expect, test } from 'vitest';
import { stream } from './random.ts';
import { exponential, gamma, normal } from './variates.ts';

const DRAWS = 200_000;

/** Mean and variance of the draws, and the share of them below `cut`. */
function moments(draw: () => number, cut: number): { mean: number; variance: number; below: number } {
  let sum = 0;
  let squares = 0;
  let below = 0;
  for (let i = 0; i < DRAWS; i++) {
    const x = draw();
    sum += x;
    squares += x * x;
    if (x < cut) below++;
  }
  const mean = sum / DRAWS;
  return { mean, variance: squares / DRAWS - mean * mean, below: below / DRAWS };
}

describe('variates', () => {
  test('exponential: mean 1, variance 1, 1 - 1/e below the mean', () => {
    const s = stream(1, 'exponential');
    const { mean, variance, below } = moments(() => exponential(s), 1);
    expect(mean).toBeCloseTo(1, 1.8);
    expect(variance).toBeCloseTo(1, 1.3);
    expect(below).toBeCloseTo(1 - 1 / Math.E, 2);
  });

  test('normal: mean 0, variance 1, 84.13 % below one sigma', () => {
    const s = stream(1, 'normal');
    const { mean, variance, below } = moments(() => normal(s), 1);
    expect(mean).toBeCloseTo(0, 1.8);
    expect(variance).toBeCloseTo(1, 1.8);
    expect(below).toBeCloseTo(0.8413, 2);
  });

  test.each([0.01, 0.3, 1, 2.5, 40])('gamma of shape %d: mean and variance are the shape', (shape) => {
    const s = stream(1, 'gamma');
    const { mean, variance } = moments(() => gamma(s, shape), 0);
    expect(Math.abs(mean - shape)).toBeLessThan(5 * Math.sqrt(shape / DRAWS));
    expect(Math.abs(variance / shape - 1)).toBeLessThan(5 * Math.sqrt((2 + 6 / shape) / DRAWS));
  });
});
