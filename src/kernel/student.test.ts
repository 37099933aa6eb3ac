import { expect, test } from 'vitest';
import { studentNinetyFive } from './student.ts';

test('agrees with published tables', () => {
  for (const [freedom, value] of [
    [1, 12.7062],
    [4, 2.7764],
    [9, 2.2622],
    [10, 2.228139],
    [11, 2.200985],
    [15, 2.13145],
    [30, 2.042272],
    [120, 1.97993],
  ] as const)
    expect(Math.abs(studentNinetyFive(freedom) - value)).toBeLessThan(5e-5);
});

test('falls with the degrees of freedom, to the normal law', () => {
  for (let freedom = 1; freedom < 400; freedom++) expect(studentNinetyFive(freedom + 1)).toBeLessThan(studentNinetyFive(freedom));
  expect(studentNinetyFive(1e9)).toBeCloseTo(1.959964, 6);
  expect(studentNinetyFive(0)).toBe(Infinity);
});
