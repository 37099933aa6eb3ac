import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Transfers } from './transfers.ts';

interface Push {
  readonly at: number;
  readonly bytes: number;
  readonly links: readonly number[];
}

interface Ended {
  readonly owner: number;
  readonly at: number;
}

/** Owners of what ends at a time, in order. */
function ending(transfers: Transfers, at: number): readonly number[] {
  return [...transfers.ended.subarray(0, transfers.finish(at))];
}

/** Starts all at their times. `between` is told of every stretch of time in which the flows stay the same. */
function run(
  transfers: Transfers,
  pushes: readonly Push[],
  between: (active: readonly number[], from: number, to: number) => void = () => {},
): readonly Ended[] {
  const ended: Ended[] = [];
  let active: number[] = [];
  let now = 0;
  const endUntil = (until: number): void => {
    while (transfers.nextEndAt() <= until) {
      const at = transfers.nextEndAt();
      const owners = ending(transfers, at);
      transfers.share(at);
      between(active, now, at);
      active = active.filter((owner) => !owners.includes(owner));
      ended.push(...owners.map((owner) => ({ owner, at })));
      now = at;
    }
  };
  pushes.forEach(({ at, bytes, links }, owner) => {
    endUntil(at);
    transfers.start(at, owner, bytes, links);
    transfers.share(at);
    between(active, now, at);
    active.push(owner);
    now = at;
  });
  endUntil(Number.MAX_VALUE);
  return ended;
}

const count = 5;
const pushes: fc.Arbitrary<readonly Push[]> = fc
  .array(
    fc.record({
      gap: fc.constantFrom(0, 0, 0.5, 1, 3.25),
      bytes: fc.double({ min: 0.1, max: 20, noNaN: true }),
      links: fc.uniqueArray(fc.nat(count - 1), { minLength: 1, maxLength: 3 }),
    }),
    { maxLength: 25 },
  )
  .map((list) => {
    let at = 0;
    return list.map(({ gap, bytes, links }) => ({ at: (at += gap), bytes, links }));
  });
const capacity = fc.array(fc.oneof(fc.constantFrom(1, 2, 4), fc.double({ min: 0.5, max: 8, noNaN: true })), { minLength: count, maxLength: count });

describe('transfers', () => {
  test('MOV-2 every link carries the bytes of its flows, all of them and no more, and every flow ends', () => {
    fc.assert(
      fc.property(capacity, pushes, (rates, list) => {
        const transfers = new Transfers(rates);
        const ended = run(transfers, list);
        expect(ended.map(({ owner }) => owner).toSorted((a, b) => a - b)).toEqual(list.map((_, i) => i));
        expect(transfers.active).toBe(0);
        const carried = transfers.carriedBy(ended.at(-1)?.at ?? 0);
        rates.forEach((_, link) => {
          const bytes = list.reduce((sum, push) => sum + (push.links.includes(link) ? push.bytes : 0), 0);
          expect(carried[link]).toBeCloseTo(bytes, 9);
        });
      }),
    );
  });

  test('MOV-2 no link is over its rate, and every flow has a full one on its way', () => {
    fc.assert(
      fc.property(capacity, pushes, (rates, list) => {
        const transfers = new Transfers(rates);
        let before: readonly number[] = rates.map(() => 0);
        run(transfers, list, (active, from, to) => {
          const carried = transfers.carriedBy(to);
          const load = rates.map((rate, link) => ((carried[link] ?? 0) - (before[link] ?? 0)) / (rate * (to - from)));
          before = [...carried];
          if (to - from < 1e-6) return;
          for (const share of load) expect(share).toBeLessThanOrEqual(1 + 1e-6);
          for (const owner of active) expect(Math.max(...(list[owner]?.links ?? []).map((link) => load[link] ?? 0))).toBeGreaterThan(1 - 1e-6);
        });
      }),
    );
  });

  test('MOV-2 flows that share one link get equal parts, those that begin together and are equal end together', () => {
    const equal = run(
      new Transfers([8]),
      [1, 2, 3, 4].map(() => ({ at: 0, bytes: 6, links: [0] })),
    );
    expect(equal).toEqual([0, 1, 2, 3].map((owner) => ({ owner, at: 3 })));
    const unequal = run(new Transfers([2]), [
      { at: 0, bytes: 4, links: [0] },
      { at: 1, bytes: 1, links: [0] },
    ]);
    // Alone at 2 for a second, then 1 each until the second has ended at 2, then alone again.
    expect(unequal).toEqual([
      { owner: 1, at: 2 },
      { owner: 0, at: 2.5 },
    ]);
  });

  test('MOV-2 what a flow is denied elsewhere goes to the others', () => {
    const ended = run(new Transfers([10, 1]), [
      { at: 0, bytes: 2, links: [0, 1] },
      { at: 0, bytes: 9, links: [0] },
    ]);
    expect(ended).toEqual([
      { owner: 1, at: 1 },
      { owner: 0, at: 2 },
    ]);
  });

  test('MOV-6 a link that is slow or cut slows what is on it from then on, and nothing is lost', () => {
    const transfers = new Transfers([4, 8]);
    transfers.start(0, 7, 8, [0, 1]);
    transfers.share(0);
    expect(transfers.nextEndAt()).toBe(2);
    transfers.setCapacity(1, 2);
    transfers.share(1);
    expect(transfers.nextEndAt()).toBe(3);
    transfers.setCapacity(1, 0);
    transfers.share(2);
    expect(transfers.nextEndAt()).toBe(Infinity);
    expect([...transfers.carriedBy(5)]).toEqual([6, 6]);
    transfers.setCapacity(1, 1);
    transfers.share(5);
    expect(transfers.nextEndAt()).toBe(7);
    expect(ending(transfers, 7)).toEqual([7]);
    expect([...transfers.carriedBy(7)]).toEqual([8, 8]);
  });

  test('MOV-6 links that change their rate and come back carry what they would, and every flow ends', () => {
    const change = fc.record({ after: fc.nat(24), link: fc.nat(count - 1), rate: fc.constantFrom(0, 0.25, 1, 3) });
    fc.assert(
      fc.property(capacity, pushes, fc.array(change, { maxLength: 8 }), (rates, list, changes) => {
        const transfers = new Transfers(rates);
        const ended: number[] = [];
        const until = (at: number) => {
          while (transfers.nextEndAt() <= at) {
            const end = transfers.nextEndAt();
            ended.push(...ending(transfers, end));
            transfers.share(end);
          }
        };
        let now = 0;
        for (const [i, { at, bytes, links }] of list.entries()) {
          until(at);
          transfers.start(at, i, bytes, links);
          for (const { after, link, rate } of changes) if (after === i) transfers.setCapacity(link, rate);
          transfers.share(at);
          now = at;
        }
        rates.forEach((rate, link) => {
          transfers.setCapacity(link, rate);
        });
        transfers.share(now + 1);
        until(Number.MAX_VALUE);
        expect(ended.toSorted((a, b) => a - b)).toEqual(list.map((_, i) => i));
        const carried = transfers.carriedBy(Number.MAX_VALUE);
        rates.forEach((_, link) => {
          const bytes = list.reduce((sum, push) => sum + (push.links.includes(link) ? push.bytes : 0), 0);
          expect(carried[link]).toBeCloseTo(bytes, 9);
        });
      }),
    );
  });
});
