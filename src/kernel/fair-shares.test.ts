import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { FairShares } from './fair-shares.ts';
import { FlowsOnLinks } from './flows-on-links.ts';
import { MaxMin, unfairFlow } from './max-min.ts';

const links = 9;
const network = fc.record({
  capacity: fc.array(fc.oneof(fc.integer({ min: 1, max: 4 }), fc.double({ min: 0.1, max: 10, noNaN: true }), fc.constant(0)), {
    minLength: links,
    maxLength: links,
  }),
  flows: fc.array(fc.uniqueArray(fc.nat(links - 1), { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 12 }),
});

/** The tightest link is filled, that of the least number among equally tight ones, until all flows have their rates. */
function filled(capacity: readonly number[], flows: readonly (readonly number[])[]): readonly number[] {
  const left = [...capacity];
  const rates = flows.map(() => -1);
  while (rates.includes(-1)) {
    const shares = left.map((rest, link) => {
      const open = flows.filter((over, f) => over.includes(link) && rates[f] === -1).length;
      return open === 0 ? Number.NaN : rest / open;
    });
    const least = shares.reduce((a, b) => (b < a ? b : a), Infinity);
    const tightest = shares.indexOf(least);
    flows.forEach((over, f) => {
      if (rates[f] !== -1 || !over.includes(tightest)) return;
      rates[f] = least;
      for (const link of over) left[link] = Math.max(0, (left[link] ?? 0) - least);
    });
  }
  return rates;
}

/** Rates of all flows, and how many divisions they took. */
function divided(capacity: readonly number[], flows: readonly (readonly number[])[], few: number) {
  const over = new FlowsOnLinks(capacity.length);
  flows.forEach((of, f) => over.join(f, of));
  const shares = new FairShares(Float64Array.from(capacity), over, few);
  const rates: number[] = flows.map(() => -1);
  const divisions: number[][] = [];
  shares.begin(flows.length);
  capacity.forEach((_, link) => {
    const count = shares.divide(link);
    if (count === 0) return;
    divisions.push([...shares.flows.subarray(0, count)]);
    divisions.at(-1)?.forEach((flow) => {
      expect(rates[flow]).toBe(-1);
      rates[flow] = shares.rates[flow] ?? Number.NaN;
    });
  });
  return { rates, divisions };
}

describe('fair shares of flows that are joined', () => {
  test('rates are those of all flows at once, however the tightest link is found', () => {
    fc.assert(
      fc.property(network, fc.constantFrom(0, links), ({ capacity, flows }, few) => {
        const start = Int32Array.from([0, ...flows.map((_, f) => flows.slice(0, f + 1).flat().length)]);
        const all = new Float64Array(flows.length);
        new MaxMin().solve(Float64Array.from(capacity), start, Int32Array.from(flows.flat()), all);
        const { rates } = divided(capacity, flows, few);
        rates.forEach((rate, f) => expect(rate).toBeCloseTo(all[f] ?? Number.NaN, 9));
        expect(unfairFlow(Float64Array.from(capacity), start, Int32Array.from(flows.flat()), Float64Array.from(rates))).toBe(-1);
      }),
      { numRuns: 500 },
    );
  });

  test('rates are to the last bit those of filling one link after the other, ties included', () => {
    const tight = fc.array(fc.constantFrom(0, 0.1, 0.3, 0.7, 1, 2), { minLength: links, maxLength: links });
    fc.assert(
      fc.property(tight, network, (capacity, { flows }) => {
        expect(divided(capacity, flows, links).rates).toEqual(filled(capacity, flows));
      }),
      { numRuns: 2000 },
    );
  });

  test('so are those of flows that one link holds, with others that are nearly as tight or just as tight', () => {
    const star = fc.record({
      hub: fc.nat(links - 1),
      part: fc.constantFrom(0.1, 0.3, 0.7),
      others: fc.array(fc.nat(links - 1), { minLength: 1, maxLength: 7 }),
      times: fc.array(fc.integer({ min: 1, max: 4 }), { minLength: links, maxLength: links }),
    });
    fc.assert(
      fc.property(star, ({ hub, part, others, times }) => {
        const flows = others.map((other) => [...new Set([hub, other])]);
        const capacity = times.map((n, link) => part * (link === hub ? flows.length : n));
        expect(divided(capacity, flows, links).rates).toEqual(filled(capacity, flows));
      }),
      { numRuns: 2000 },
    );
  });

  test('rates stay those of filling all links anew while flows come and go and capacities change, where only what has changed is divided', () => {
    const over = fc.oneof(
      fc.uniqueArray(fc.nat(links - 1), { minLength: 1, maxLength: 3 }),
      fc.nat(links - 2).map((link) => [link, links - 1]),
    );
    const step = fc.record({
      come: fc.oneof(fc.constant([]), fc.array(over, { maxLength: 5 })),
      go: fc.array(fc.nat(), { maxLength: 2 }),
      change: fc.oneof({ weight: 9, arbitrary: fc.constant(undefined) }, { weight: 1, arbitrary: fc.nat(links - 1) }),
    });
    let kept = 0;
    fc.assert(
      fc.property(network, fc.array(step, { maxLength: 12 }), ({ capacity: first, flows }, steps) => {
        const capacity = Float64Array.from(first);
        const on = new FlowsOnLinks(links);
        const shares = new FairShares(capacity, on);
        const there = new Map<number, readonly number[]>();
        const rates = new Map<number, number>();
        for (const { come, go, change } of [{ come: flows, go: [], change: undefined }, ...steps]) {
          const changed = new Set<number>();
          for (const one of go) {
            const flow = [...there.keys()][one % there.size];
            if (flow === undefined) continue;
            there.get(flow)?.forEach((link) => changed.add(link));
            shares.goes(flow);
            on.leave(flow);
            there.delete(flow);
            rates.delete(flow);
          }
          for (const of of come) {
            let flow = 0;
            while (there.has(flow)) flow++;
            on.join(flow, of);
            shares.forget();
            there.set(flow, of);
            of.forEach((link) => changed.add(link));
          }
          if (change !== undefined) {
            capacity[change] = 3;
            shares.forget();
            changed.add(change);
          }
          shares.begin(Math.max(0, ...there.keys()) + 1);
          let divided = 0;
          for (const link of changed) {
            const count = shares.divide(link);
            divided += count;
            shares.flows.subarray(0, count).forEach((flow) => rates.set(flow, shares.rates[flow] ?? Number.NaN));
          }
          if (come.length === 0 && divided > 0 && divided < there.size) kept++;
          const all = [...there.keys()];
          expect(all.map((flow) => rates.get(flow))).toEqual(filled([...capacity], [...there.values()]));
        }
      }),
      { numRuns: 1500 },
    );
    expect(kept).toBeGreaterThan(300);
  });

  test('flows of two divisions share no link', () => {
    fc.assert(
      fc.property(network, ({ capacity, flows }) => {
        const { divisions } = divided(capacity, flows, links);
        expect(divisions.flat().toSorted((a, b) => a - b)).toEqual(flows.map((_, f) => f));
        const used = divisions.map((division) => new Set(division.flatMap((flow) => flows[flow] ?? [])));
        used.forEach((own, d) => used.slice(d + 1).forEach((other) => expect([...own].some((link) => other.has(link))).toBe(false)));
      }),
    );
  });
});
