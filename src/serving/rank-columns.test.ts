import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { BlocksInUse } from './blocks-in-use.ts';
import { RankColumns } from './rank-columns.ts';
import { slotAt } from './request-table.ts';

test('what columns have of sequences that come and go is what a look at each finds: sums, who grows, the deepest ranks, who is where', () => {
  const ranks = 6;
  const blockTokens = 4;
  const step = fc.tuple(fc.nat(ranks - 1), fc.integer({ min: -9, max: 9 }), fc.nat(20), fc.constantFrom('joins', 'joins', 'joins', 'leaves', 'clear'));
  fc.assert(
    fc.property(fc.array(step, { maxLength: 160 }), fc.nat(40), (steps, tokens) => {
      const table = { next: new Int32Array(160), position: new Int32Array(160) };
      const columns = new RankColumns({ kvBlocks: 100, blockTokens, stateBlocks: 0, maxSequences: 8 }, new BlocksInUse(ranks), table);
      const there: { readonly slot: number; readonly base: number }[][] = Array.from({ length: ranks }, () => []);
      const sum = (of: readonly { readonly base: number }[]): number => of.reduce((total, { base }) => total + base, 0);
      for (const [i, [rank, base, which, what]] of steps.entries()) {
        const own = there[rank] ?? [];
        if (what === 'joins') {
          own.push({ slot: slotAt(i), base });
          columns.join(rank, slotAt(i), base);
        } else if (what === 'leaves' && own.length > 0) {
          const [gone] = own.splice(which % own.length, 1);
          columns.leave(rank, gone?.slot ?? -1, gone?.base ?? 0);
        } else if (what === 'clear') {
          own.length = 0;
          columns.clear(rank);
        }
        expect([columns.sequences, columns.base]).toEqual([there.flat().length, sum(there.flat())]);
        expect(columns.deepest.most).toBe(Math.max(...there.map(({ length }) => length)));
        for (let count = 1; count <= columns.deepest.most; count++) {
          const alike = there.flatMap((of, r) => (of.length === count ? [{ r, deep: sum(of) }] : []));
          const most = Math.max(...alike.map(({ deep }) => deep));
          expect(columns.deepest.of(count)).toBe(alike.find(({ deep }) => deep === most)?.r ?? -1);
        }
      }
      there.forEach((own, rank) => {
        expect(columns.decoding[rank]).toBe(own.length);
        expect([...columns.members.of(rank)].sort((a, b) => a - b)).toEqual(own.map(({ slot }) => slot).sort((a, b) => a - b));
        // A sequence takes a block with the token behind a whole number of blocks.
        const growing = own.filter(({ base }) => (base + tokens + 40) % blockTokens === 0).length;
        expect([columns.growth(rank, columns.phase(tokens), 1), columns.growing.has(32 * columns.phase(tokens) + rank)]).toEqual([growing, growing > 0]);
        expect(columns.growth(rank, columns.phase(tokens), blockTokens)).toBe(own.length);
      });
    }),
  );
});
