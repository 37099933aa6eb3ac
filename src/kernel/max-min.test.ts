import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MaxMin, unfairFlow } from './max-min.ts';

interface Network {
  readonly capacity: readonly number[];
  readonly flows: readonly (readonly number[])[];
}

/** Raises all rates together; whenever a link is full its flows stop. */
function naive({ capacity, flows }: Network): number[] {
  const rate = flows.map((links) => (links.length === 0 ? Infinity : 0));
  const stopped = flows.map((links) => links.length === 0);
  while (stopped.includes(false)) {
    let least = Infinity;
    let full = -1;
    capacity.forEach((limit, link) => {
      const uses = (f: number) => flows[f]?.filter((l) => l === link).length ?? 0;
      const open = flows.reduce((sum, _, f) => sum + (stopped[f] === true ? 0 : uses(f)), 0);
      const fixed = flows.reduce((sum, _, f) => sum + (stopped[f] === true && uses(f) > 0 ? uses(f) * (rate[f] ?? 0) : 0), 0);
      const share = Math.max(0, limit - fixed) / open;
      if (open > 0 && share < least) [least, full] = [share, link];
    });
    flows.forEach((links, f) => {
      if (stopped[f] === true || !links.includes(full)) return;
      rate[f] = least;
      stopped[f] = true;
    });
  }
  return rate;
}

function solve({ capacity, flows }: Network, solver = new MaxMin()) {
  const columns = {
    capacity: Float64Array.from(capacity),
    start: Int32Array.from([0, ...flows.map((_, f) => flows.slice(0, f + 1).reduce((sum, links) => sum + links.length, 0))]),
    links: Int32Array.from(flows.flat()),
    rate: new Float64Array(flows.length),
  };
  solver.solve(columns.capacity, columns.start, columns.links, columns.rate);
  return columns;
}

const network = fc.integer({ min: 1, max: 7 }).chain((links) =>
  fc.record({
    capacity: fc.array(fc.oneof(fc.integer({ min: 1, max: 4 }), fc.double({ min: 0.1, max: 10, noNaN: true }), fc.constant(0)), {
      minLength: links,
      maxLength: links,
    }),
    flows: fc.array(fc.array(fc.nat(links - 1), { maxLength: 4 }), { minLength: 1, maxLength: 10 }),
  }),
);

describe('max-min fair sharing', () => {
  const solver = new MaxMin();

  test('rates are those of raising all together', () => {
    fc.assert(
      fc.property(network, (given) => {
        const expected = naive(given);
        solve(given, solver).rate.forEach((rate, f) => {
          if (expected[f] === Infinity) expect(rate).toBe(Infinity);
          else expect(rate).toBeCloseTo(expected[f] ?? Number.NaN, 9);
        });
      }),
      { numRuns: 500 },
    );
  });

  test('every flow has a full link on which none is faster', () => {
    fc.assert(
      fc.property(network, (given) => {
        const { capacity, start, links, rate } = solve(given, solver);
        expect(unfairFlow(capacity, start, links, rate)).toBe(-1);
      }),
    );
  });

  test('the check sees a flow that could be faster and a link that is over its capacity', () => {
    const { capacity, start, links } = solve({ capacity: [10], flows: [[0], [0]] });
    expect(unfairFlow(capacity, start, links, Float64Array.of(5, 4))).toBe(0);
    expect(unfairFlow(capacity, start, links, Float64Array.of(6, 6))).toBe(0);
    expect(unfairFlow(capacity, start, links, Float64Array.of(5, 5))).toBe(-1);
  });

  test('a flow that takes a whole number of shares of a link gets what it gets when the link is listed so often', () => {
    fc.assert(
      fc.property(network, fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 40, maxLength: 40 }), (given, times) => {
        let entry = 0;
        const weights: number[] = [];
        const flows = given.flows.map((links) =>
          links.flatMap((link) => {
            const count = times[entry++ % times.length] ?? 1;
            weights.push(count);
            return Array.from({ length: count }, () => link);
          }),
        );
        const expected = solve({ capacity: given.capacity, flows }).rate;
        const { capacity, start, links } = solve(given, solver);
        const rate = new Float64Array(given.flows.length);
        solver.solve(capacity, start, links, rate, Float64Array.from(weights));
        rate.forEach((value, f) => expect(value === expected[f] || Math.abs(value - (expected[f] ?? 0)) < 1e-9).toBe(true));
        expect(unfairFlow(capacity, start, links, rate, 1e-9, Float64Array.from(weights))).toBe(-1);
      }),
    );
  });
});
