import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { RankColumns } from './rank-columns.ts';

test('the deepest ranks, and what all have together, are those that a look at each finds', () => {
  const ranks = 6;
  const step = fc.tuple(fc.nat(ranks - 1), fc.integer({ min: -5, max: 5 }), fc.constantFrom('joins', 'joins', 'leaves', 'clear'));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const columns = new RankColumns({ kvBlocks: 100, blockTokens: 4, stateBlocks: 0, maxSequences: 8 }, new Int32Array(ranks));
      const bases: number[][] = Array.from({ length: ranks }, () => []);
      for (const [rank, base, what] of steps) {
        const own = bases[rank] as number[];
        if (what === 'joins') {
          own.push(base);
          columns.count(rank, base, 1);
        } else if (what === 'leaves' && own.length > 0) columns.count(rank, own.shift() as number, -1);
        else if (what === 'clear') {
          own.length = 0;
          columns.clear(rank);
        }
        const sum = (of: readonly number[]): number => of.reduce((total, one) => total + one, 0);
        expect([columns.sequences, columns.base]).toEqual([bases.flat().length, sum(bases.flat())]);
        expect(columns.deepest.most).toBe(Math.max(...bases.map(({ length }) => length)));
        for (let count = 1; count <= columns.deepest.most; count++) {
          const alike = bases.flatMap((of, r) => (of.length === count ? [{ r, deep: sum(of) }] : []));
          const most = Math.max(...alike.map(({ deep }) => deep));
          expect(columns.deepest.of(count)).toBe(alike.find(({ deep }) => deep === most)?.r ?? -1);
        }
      }
    }),
  );
});
