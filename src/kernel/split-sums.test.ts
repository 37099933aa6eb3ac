import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { positionsOfRun, SplitSums } from './split-sums.ts';

const distributions = fc.oneof(
  fc.double({ min: 0, max: 1, noNaN: true }).map((share) => [1 - share, share]),
  fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.double({ min: 0, max: 1, noNaN: true })).map(([a, b]) => [1 - a, a * (1 - b), a * b]),
);

describe('sums that are split between halves', () => {
  test('what is below a position is the sum of what is at those before it, and the position that reaches a target is the first', () => {
    fc.assert(
      fc.property(distributions, fc.maxSafeNat(), fc.nat(1e9), fc.integer({ min: 1, max: 900 }), (chances, seed, row, end) => {
        const sums = new SplitSums(seed, chances);
        const at = Array.from({ length: end }, (_, position) => sums.at(row, position));
        for (const value of at) expect(value >= 0 && value < chances.length && (chances[value] ?? 0) > 0).toBe(true);
        const sum = at.reduce((total, value) => total + value, 0);
        expect(sums.below(row, end)).toBe(sum);
        expect(sums.reaching(row, end + sum)).toBe(end);
        expect(sums.reaching(row, end + sum - (at.at(-1) ?? 0))).toBe(end);
      }),
    );
  });

  test('a run of positions is what is at each of them', () => {
    fc.assert(
      fc.property(distributions, fc.maxSafeNat(), fc.nat(1e9), fc.nat(200), fc.nat(40), (chances, seed, row, run, from) => {
        const sums = new SplitSums(seed, chances);
        const into = new Uint16Array(from + positionsOfRun + 1).fill(99);
        sums.run(row, run, into, from);
        expect([...into.subarray(from, -1)]).toEqual(Array.from({ length: positionsOfRun }, (_, i) => sums.at(row, run * positionsOfRun + i)));
        expect([...into.subarray(0, from), into.at(-1)]).toEqual(Array.from({ length: from + 1 }, () => 99));
      }),
    );
  });

  test('positions have their distribution, and know nothing of each other', () => {
    const chances = [0.3, 0.45, 0.25];
    const sums = new SplitSums(7, chances);
    const rows = 4000;
    const positions = [0, 1, 2, 127, 128, 255, 256, 257];
    const values = positions.map((position) => Array.from({ length: rows }, (_, row) => sums.at(row, position)));
    // Chi-square with 2 degrees of freedom for one position, with 4 for a pair: each beyond its bound once in a million.
    for (const of of values) {
      const off = chances.map((chance, k) => (of.filter((value) => value === k).length - rows * chance) ** 2 / (rows * chance));
      expect(off.reduce((total, one) => total + one, 0)).toBeLessThan(27.6);
    }
    for (let a = 0; a < values.length; a++)
      for (let b = 0; b < a; b++) {
        let off = 0;
        for (let i = 0; i < 3; i++)
          for (let j = 0; j < 3; j++) {
            const expected = rows * (chances[i] ?? 0) * (chances[j] ?? 0);
            const found = Array.from({ length: rows }, (_, row) => row).filter((row) => values[a]?.[row] === i && values[b]?.[row] === j).length;
            off += (found - expected) ** 2 / expected;
          }
        // 8 degrees of freedom, since the chances are given.
        expect(off).toBeLessThan(42.7);
      }
  });
});
