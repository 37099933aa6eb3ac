import { describe, expect, test } from 'vitest';
import { exp } from './elementary.ts';
import { stream, type RandomStream } from './random.ts';
import { exponential, gamma, normal } from './variates.ts';
import { quickExponential, quickGamma, quickGammas, quickNormal } from './ziggurat.ts';

const COUNT = 400_000;

function sample(draw: (random: RandomStream) => number, seed: number): Float64Array {
  const random = stream(seed, 'draws');
  return Float64Array.from({ length: COUNT }, () => draw(random)).sort();
}

/** The greatest distance of two empirical distributions; above 1.95 sqrt(2 / n) once in a thousand where the laws are equal. */
function distance(a: Float64Array, b: Float64Array): number {
  let [i, j, most] = [0, 0, 0];
  while (i < a.length && j < b.length) {
    const at = Math.min(a[i] ?? Infinity, b[j] ?? Infinity);
    while (i < a.length && (a[i] ?? Infinity) <= at) i++;
    while (j < b.length && (b[j] ?? Infinity) <= at) j++;
    most = Math.max(most, Math.abs(i / a.length - j / b.length));
  }
  return most;
}

describe('quick draws', () => {
  test.each<readonly [string, (random: RandomStream) => number, (random: RandomStream) => number]>([
    ['exponential', quickExponential, exponential],
    ['normal', quickNormal, normal],
    ...[0.05, 0.4, 0.99, 1, 1.5, 8, 1000].map(
      (shape) => [`gamma of ${shape}`, (random: RandomStream) => quickGamma(random, shape), (random: RandomStream) => gamma(random, shape)] as const,
    ),
  ])('%s has the law of the slow one', (_, quick, slow) => {
    expect(distance(sample(quick, 1), sample(slow, 2))).toBeLessThan(1.95 * Math.sqrt(2 / COUNT));
  });

  test('tails are there, as thick as they should be', () => {
    const far = sample(quickExponential, 3).filter((x) => x > 8).length / COUNT;
    expect(Math.abs(far - exp(-8))).toBeLessThan(5 * Math.sqrt(exp(-8) / COUNT));
    const wide = sample(quickNormal, 4).filter((x) => Math.abs(x) > 3.5).length / COUNT;
    expect(Math.abs(wide - 0.000465258)).toBeLessThan(5 * Math.sqrt(0.000465258 / COUNT));
  });

  test.each([0.05, 0.6, 1, 3])('many gammas of shape %d are those that are drawn one by one', (shape) => {
    const [random, other] = [stream(5, 'draws'), stream(5, 'draws')];
    for (const count of [1, 64, 0, 7]) {
      const many = new Float64Array(64);
      quickGammas(random, shape, many, count);
      expect(many.subarray(0, count)).toEqual(Float64Array.from({ length: count }, () => quickGamma(other, shape)));
    }
    expect(random.next32()).toBe(other.next32());
  });
});
