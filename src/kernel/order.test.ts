import { expect, test } from 'vitest';
import { expectedMaximum } from './order.ts';

// Means of the largest of n normal draws, from tables of order statistics.
test.each([
  [1, 0],
  [2, 0.564],
  [8, 1.424],
  [32, 2.07],
  [128, 2.6],
  [200, 2.746],
  [500, 3.037],
])('of %i draws the largest lies %f deviations above the mean', (n, expected) => {
  expect(Math.abs(expectedMaximum(n) - expected)).toBeLessThan(0.03);
});
