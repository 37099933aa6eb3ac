import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { layoutWithout } from '../../model/layout-without.ts';
import { dataRanks, instanceDies, routedDies, type Layout } from '../../model/layout.ts';
import { contiguous, rankLoads } from '../../model/placement/placement.ts';
import { placed } from '../../model/placement/placed.ts';
import { lostPlaces, obstacle, placesOfRouted } from './lost-dies.ts';
import { replaced } from './replaced.ts';

const shapes = fc.constantFrom({ slots: 48, ranks: 16, nodes: 4 }, { slots: 32, ranks: 8, nodes: 2 }, { slots: 36, ranks: 32, nodes: 4 });
const placements = fc
  .record({ shape: shapes, loads: fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 32, maxLength: 32 }), balanced: fc.boolean() })
  .map(({ shape, loads, balanced }) => (balanced && shape.slots % shape.ranks === 0 ? placed('eplb', loads, shape) : contiguous(32, shape.slots, shape.ranks)));
const losses = fc.uniqueArray(fc.nat(6), { minLength: 1, maxLength: 7 });

describe('experts of lost ranks', () => {
  test('FLT-11 every expert has a copy, slots are those that are left or as many as experts, and all load is carried', () => {
    const seen = { none: 0, some: 0, more: 0 };
    fc.assert(
      fc.property(placements, losses, (before, lost) => {
        const after = replaced(before, lost);
        const left = before.filter((_, rank) => !lost.includes(rank));
        const slots = left.flat().length;
        expect(after).toHaveLength(left.length);
        expect(new Set(after.flat()).size).toBe(32);
        expect(after.flat().length).toBe(Math.max(slots, 32));
        const loads = Array.from({ length: 32 }, (_, expert) => expert + 1);
        const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
        expect(sum(rankLoads(after, loads))).toBeCloseTo(sum(loads), 9);
        expect(replaced(before, [...lost])).toEqual(after);
        // What arrives is what had no copy any more, each once; what stays has not moved.
        const missing = 32 - new Set(left.flat()).size;
        const changed = after.flatMap((experts, rank) => experts.filter((expert, slot) => left[rank]?.[slot] !== expert));
        expect(changed).toHaveLength(missing);
        expect(changed.every((expert) => !left.flat().includes(expert))).toBe(true);
        if (missing === 0) seen.none++;
        else if (slots >= 32) seen.some++;
        else seen.more++;
      }),
      { numRuns: 300 },
    );
    for (const [kind, times] of Object.entries(seen)) expect([kind, times > 0]).toEqual([kind, true]);
  });

  test('FLT-11 they are spread over the ranks that are left', () => {
    const before = contiguous(16, 32, 8);
    const left = before.slice(2);
    const after = replaced(before, [0, 1]);
    const got = after.map((experts, rank) => experts.filter((expert, slot) => left[rank]?.[slot] !== expert).length);
    expect(Math.max(...got) - Math.min(...got)).toBeLessThanOrEqual(1);
  });
});

const layout: Layout = {
  dies: 16,
  tensor: 2,
  pipeline: 2,
  attention: 'tensor',
  experts: { parallel: 8, sharedDies: 0, redundant: 4, load: { kind: 'uniform' } },
  microbatches: 1,
  draftTokens: 0,
};
const apart: Layout = { ...layout, dies: 8, tensor: 1, pipeline: 1, experts: { ...layout.experts, parallel: 6, sharedDies: 2, apart: true } };
const wide: Layout = { ...layout, dies: 8, tensor: 1, pipeline: 1, experts: { ...layout.experts, parallel: 8, sharedDies: 2 } };

describe('dies of an instance', () => {
  test('FLT-10 one that is lost takes its rank along, all stages of it; of experts that are apart only itself', () => {
    expect(lostPlaces(layout, new Set([3]))).toEqual({ ranks: new Set([1]), places: new Set([2, 3, 10, 11]), routed: [2, 3], shared: 0 });
    expect(lostPlaces(layout, new Set([10]))).toEqual(lostPlaces(layout, new Set([3])));
    expect(placesOfRouted(layout, 3)).toEqual([3, 11]);
    expect(lostPlaces(apart, new Set([1, 9, 13]))).toEqual({ ranks: new Set([1]), places: new Set([1, 9, 13]), routed: [1], shared: 1 });
    expect(placesOfRouted(apart, 1)).toEqual([9]);
    expect(lostPlaces(wide, new Set([5, 6]))).toMatchObject({ ranks: new Set([5, 6]), routed: [5], shared: 1 });
  });

  test('FLT-10 the layout that is left has the dies that are left', () => {
    for (const [of, places] of [
      [layout, [3]],
      [layout, [0, 5, 11]],
      [apart, [1, 9, 13]],
      [apart, [12]],
      [wide, [5, 6]],
    ] as const) {
      const { ranks, places: gone, routed, shared } = lostPlaces(of, new Set(places));
      const left = layoutWithout(of, { ranks: ranks.size, routed, shared, redundant: 0 });
      expect(instanceDies(left)).toBe(instanceDies(of) - gone.size);
      expect(dataRanks(left)).toBe(dataRanks(of) - ranks.size);
      expect(routedDies(left)).toBe(routedDies(of) - routed.length);
    }
  });

  test('FLT-10 what cannot go on says why', () => {
    const why = (of: Layout, ...places: number[]): string | undefined => obstacle(of, lostPlaces(of, new Set(places)));
    expect(why(wide, 5)).toBeUndefined();
    expect(why(layout, 3)).toBeUndefined();
    expect(why(wide, 6, 7)).toContain('no copy of the shared expert');
    expect(why(apart, 8, 9, 10, 11)).toContain('no die of routed experts');
    expect(why(wide, 0, 1, 2, 3, 4, 5, 6, 7)).toContain('none of its ranks');
    expect(why({ ...wide, tensor: 8, experts: { ...wide.experts, sharedDies: 0 } }, 0)).toContain('not spread');
    expect(why({ ...wide, experts: { ...wide.experts, parallel: 4, sharedDies: 0 } }, 0)).toContain('each of its 2 groups');
  });
});
