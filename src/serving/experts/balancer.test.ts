import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { contiguous, rankLoads } from '../../model/placement/placement.ts';
import { arrivals, balancerNamed, balancerNames } from './balancer.ts';
import { Popularity } from './popularity.ts';
import { Window } from './window.ts';

const places = fc.constantFrom({ slots: 48, ranks: 16, nodes: 4 }, { slots: 32, ranks: 8, nodes: 2 }, { slots: 64, ranks: 64, nodes: 8 });
const counts = fc.array(fc.integer({ min: 0, max: 10_000 }), { minLength: 32, maxLength: 32 });

describe.each([...balancerNames])('the balancer %s', (name) => {
  const balancer = balancerNamed(name);

  test('keeps a copy of every expert and as many slots on every rank, loses no token, and proposes the same for the same', () => {
    fc.assert(
      fc.property(places, counts, (there, counted) => {
        const current = contiguous(32, there.slots, there.ranks);
        const proposed = balancer.propose(counted, there, current);
        expect(proposed.map(({ length }) => length)).toEqual(current.map(({ length }) => length));
        expect(new Set(proposed.flat()).size).toBe(32);
        const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
        expect(sum(rankLoads(proposed, counted))).toBeCloseTo(sum(counted), 6);
        expect(balancer.propose([...counted], { ...there }, current)).toEqual(proposed);
      }),
    );
  });

  test('does not touch what it is given, and has nothing to move when asked again', () => {
    fc.assert(
      fc.property(places, counts, (there, counted) => {
        const current = contiguous(32, there.slots, there.ranks);
        const before = JSON.stringify([counted, current]);
        const proposed = balancer.propose(counted, there, current);
        expect(JSON.stringify([counted, current])).toBe(before);
        expect(arrivals(proposed, balancer.propose(counted, there, proposed))).toEqual(proposed.map(() => 0));
      }),
    );
  });
});

test('what arrives at a rank is what was not there: copies count each', () => {
  expect(
    arrivals(
      [
        [0, 1],
        [2, 2],
      ],
      [
        [1, 2],
        [2, 0],
      ],
    ),
  ).toEqual([1, 1]);
  expect(arrivals([[0, 0]], [[0, 1]])).toEqual([1]);
});

test('popularity stays a permutation of itself, is the same for the same seed, and does not change where no expert trades', () => {
  const layers = [
    [5, 4, 3, 2, 1, 1, 1, 1],
    [1, 2, 3, 4, 5, 6, 7, 8],
  ];
  const sorted = (values: readonly number[] | undefined): readonly number[] => [...(values ?? [])].sort((a, b) => a - b);
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1000 }), fc.double({ min: 0, max: 1, noNaN: true }), (seed, share) => {
      const made = (): Popularity => new Popularity({ layers, every: 10, share }, seed);
      const [one, other] = [made(), made()] as const;
      const first = one.layers;
      for (let i = 0; i < 3; i++) {
        expect(one.nextAt).toBe(10 * (i + 1));
        one.change();
        other.change();
      }
      expect(one.layers).toEqual(other.layers);
      one.layers.forEach((loads, layer) => expect(sorted(loads)).toEqual(sorted(first[layer])));
      const still = new Popularity({ layers, every: 10, share: 0 }, seed);
      still.change();
      expect(still.layers).toEqual(first);
    }),
  );
});

test('a window counts what came in it, and pieces of what began before it by their length', () => {
  const window = new Window(10);
  expect(window.counted(0)).toBeUndefined();
  window.add(0, 10, 100, [[1, 0]]);
  window.add(10, 14, 40, [[0.5, 0.5]]);
  expect(window.counted(14)).toEqual([[60 + 20, 20]]);
  window.add(14, 40, 0, [[1, 0]]);
  expect(window.counted(40)).toBeUndefined();
});
