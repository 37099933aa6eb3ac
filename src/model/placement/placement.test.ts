import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { eplb, packed } from './eplb.ts';
import { balanceOf, contiguous, rankLoads } from './placement.ts';
import { powerLaw, stepBalance } from './popularity.ts';

const loads = fc.array(fc.integer({ min: 0, max: 10_000 }), { minLength: 32, maxLength: 32 });
const shape = fc.constantFrom(
  { slots: 48, ranks: 16, groups: 1, nodes: 1 },
  { slots: 48, ranks: 16, groups: 8, nodes: 4 },
  { slots: 32, ranks: 8, groups: 8, nodes: 2 },
);

describe('load balancing of experts', () => {
  test('every expert has a copy, every rank as many slots, and no load is lost', () => {
    fc.assert(
      fc.property(loads, shape, (own, how) => {
        const placement = eplb(own, how);
        expect(placement.map((rank) => rank.length)).toEqual(Array.from({ length: how.ranks }, () => how.slots / how.ranks));
        expect(new Set(placement.flat()).size).toBe(own.length);
        const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
        expect(sum(rankLoads(placement, own))).toBeCloseTo(sum(own), 6);
      }),
    );
  });

  test('the groups of a node stay in it', () => {
    fc.assert(
      fc.property(loads, (own) => {
        const placement = eplb(own, { slots: 48, ranks: 16, groups: 8, nodes: 4 });
        const nodesOf = new Map<number, Set<number>>();
        for (const [rank, experts] of placement.entries())
          for (const expert of experts) nodesOf.set(Math.floor(expert / 4), (nodesOf.get(Math.floor(expert / 4)) ?? new Set()).add(Math.floor(rank / 4)));
        for (const nodes of nodesOf.values()) expect(nodes.size).toBe(1);
      }),
    );
  });

  test('is no worse than experts in their order, and more copies help', () => {
    for (const exponent of [0.5, 1, 1.5]) {
      const shares = powerLaw(256, exponent, 7);
      const of = (placement: readonly (readonly number[])[]): number => balanceOf(rankLoads(placement, shares)).imbalance;
      const [plain, same, more] = [
        contiguous(256, 256, 32),
        eplb(shares, { slots: 256, ranks: 32, groups: 1, nodes: 1 }),
        eplb(shares, { slots: 320, ranks: 32, groups: 1, nodes: 1 }),
      ].map(of);
      expect(same).toBeLessThanOrEqual(plain ?? 0);
      expect(more).toBeLessThanOrEqual(same ?? 0);
    }
  });

  test('the published example of the algorithm: one layer of 12 experts over 16 slots, 8 ranks, 4 groups, 2 nodes', () => {
    const placement = eplb([90, 132, 40, 61, 104, 165, 39, 4, 73, 56, 183, 86], { slots: 16, ranks: 8, groups: 4, nodes: 2 });
    const copies = placement.flat().reduce((counts, expert) => counts.set(expert, (counts.get(expert) ?? 0) + 1), new Map<number, number>());
    // As the README of EPLB prints: 5, 6, 5, 7, 8, 4, 3, 4, 10, 9, 10, 2, 0, 1, 11, 1.
    expect(
      [...copies]
        .filter(([, count]) => count === 2)
        .map(([expert]) => expert)
        .sort((a, b) => a - b),
    ).toEqual([1, 4, 5, 10]);
  });

  test('packs hold equal numbers', () => {
    expect(packed([5, 4, 3, 2, 1, 0], 2)).toEqual([
      [0, 3, 4],
      [1, 2, 5],
    ]);
  });

  test('even popularity is uneven in a step, the less the more rows it has', () => {
    const shares = Array.from({ length: 256 }, () => 1 / 256);
    const at = (rows: number): number => stepBalance(contiguous(256, 256, 32), shares, rows, 3).imbalance;
    expect(at(32 * 1024)).toBeGreaterThan(0.04);
    expect(at(32 * 1024)).toBeLessThan(0.09);
    expect(at(32 * 64)).toBeGreaterThan(2 * at(32 * 1024));
  });
});
