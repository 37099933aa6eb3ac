import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { idsOf } from '../../kernel/id-runs.ts';
import { emptyArrival } from './arrival.ts';
import { traceOf } from './columns.ts';
import { requestSource } from './source.ts';
import { traceStatistics } from './statistics.ts';
import type { Arrivals, Lengths, Reuse, Workload } from './workload.ts';

type Generator = Extract<Workload, { kind: 'generator' }>;

const lengths: fc.Arbitrary<Lengths> = fc.oneof(
  fc.record({ kind: fc.constant('fixed' as const), tokens: fc.integer({ min: 1, max: 500 }) }),
  fc.tuple(fc.integer({ min: 1, max: 50 }), fc.nat(500)).map(([min, more]) => ({ kind: 'uniform' as const, min, max: min + more })),
  fc.record({
    kind: fc.constant('lognormal' as const),
    median: fc.integer({ min: 1, max: 300 }),
    sigma: fc.double({ min: 0.1, max: 3, noNaN: true }),
    max: fc.integer({ min: 300, max: 2000 }),
  }),
  fc.constant({ kind: 'empirical' as const, share: [0, 0.5, 1], tokens: [1, 40, 700] }),
);
const arrivals: fc.Arbitrary<Arrivals> = fc.oneof(
  fc.record({ kind: fc.constant('poisson' as const), rate: fc.double({ min: 0.1, max: 100, noNaN: true }) }),
  fc.record({ kind: fc.constant('gamma' as const), rate: fc.double({ min: 0.1, max: 100, noNaN: true }), cv: fc.double({ min: 0, max: 15, noNaN: true }) }),
  fc.record({ kind: fc.constant('closed' as const), concurrency: fc.integer({ min: 1, max: 100 }) }),
);
const reuse: fc.Arbitrary<Reuse> = fc.record({
  share: fc.double({ min: 0, max: 1, noNaN: true }),
  blockTokens: fc.integer({ min: 1, max: 64 }),
  window: fc.integer({ min: 1, max: 10 }),
});
const generator: fc.Arbitrary<Generator> = fc.record({
  kind: fc.constant('generator' as const),
  name: fc.constant('random'),
  arrivals,
  input: lengths,
  output: lengths,
  reuse: fc.option(reuse, { nil: undefined }),
  requests: fc.nat(60),
  seed: fc.maxSafeNat(),
});

function all(workload: Workload): readonly { readonly at: number; readonly input: number; readonly output: number; readonly blocks: readonly number[] }[] {
  const source = requestSource(workload);
  const arrival = emptyArrival();
  const seen = [];
  while (source.next(arrival)) seen.push({ at: arrival.arrivedAt, input: arrival.inputTokens, output: arrival.outputTokens, blocks: idsOf(arrival.prefix) });
  return seen;
}

const steady: Generator = {
  kind: 'generator',
  name: 'steady',
  arrivals: { kind: 'poisson', rate: 20 },
  input: { kind: 'lognormal', median: 1000, sigma: 1, max: 1_000_000 },
  output: { kind: 'empirical', share: [0, 0.5, 0.9, 1], tokens: [1, 101, 301, 2301] },
  requests: 100_000,
  seed: 1,
};

describe('request sources', () => {
  test('as many requests as asked, whole lengths, in order of arrival, the same for the same seed', () => {
    fc.assert(
      fc.property(generator, (workload) => {
        const requests = all(workload);
        expect(requests).toHaveLength(workload.requests);
        expect(requests.every(({ input, output }) => Number.isInteger(input) && input >= 1 && Number.isInteger(output) && output >= 1)).toBe(true);
        expect(requests.every(({ at }, i) => at >= (requests[i - 1]?.at ?? 0))).toBe(true);
        expect(all(workload)).toEqual(requests);
        expect(requestSource(workload).concurrency).toBe(workload.arrivals.kind === 'closed' ? workload.arrivals.concurrency : undefined);
      }),
    );
  });

  test('a shorter run is the beginning of a longer one, in parts or not', () => {
    const part = fc.record({
      duration: fc.double({ min: 0.1, max: 10, noNaN: true }),
      rate: fc.double({ min: 0.1, max: 100, noNaN: true }),
      input: lengths,
      output: lengths,
    });
    const phases = fc.option(fc.array(part, { minLength: 1, maxLength: 4 }), { nil: undefined });
    fc.assert(
      fc.property(generator, phases, fc.nat(200), fc.nat(200), (workload, phases, requests, more) => {
        const longer = all({ ...workload, phases, requests: requests + more });
        expect(all({ ...workload, phases, requests })).toEqual(longer.slice(0, requests));
      }),
    );
  });

  test('each kind of draw has its own stream: other arrivals leave the lengths and blocks as they were', () => {
    fc.assert(
      fc.property(generator, arrivals, (workload, other) => {
        const bare = (w: Workload) => all(w).map(({ input, output, blocks }) => ({ input, output, blocks }));
        expect(bare({ ...workload, arrivals: other })).toEqual(bare(workload));
      }),
    );
  });

  test('gaps, input and output lengths are not correlated', () => {
    const law: Lengths = { kind: 'uniform', min: 1, max: 10_000 };
    const requests = all({ ...steady, input: law, output: law, requests: 20_000 });
    const rank = (x: number) => (x - 5000) / 10_000;
    const gap = (i: number) => 0.5 - Math.min(1, 20 * ((requests[i]?.at ?? 0) - (requests[i - 1]?.at ?? 0)));
    const sums = requests.reduce<readonly [number, number, number]>(
      ([io, gi, go], { input, output }, i) => [io + rank(input) * rank(output), gi + gap(i) * rank(input), go + gap(i) * rank(output)],
      [0, 0, 0],
    );
    for (const sum of sums) expect(Math.abs(sum)).toBeLessThan((5 / 12) * Math.sqrt(20_000));
  });

  test('rate, burstiness and lengths are those asked for', () => {
    const poisson = traceStatistics(traceOf(steady));
    expect(poisson.rate).toBeCloseTo(20, 0);
    expect(poisson.gapVariation).toBeCloseTo(1, 1.5);
    expect(Math.abs((poisson.input.quantiles[0] ?? 0) / 1000 - 1)).toBeLessThan(0.02);
    expect((poisson.input.quantiles[1] ?? 0) / 1000).toBeCloseTo(3.602, 0.8);
    expect(Math.abs((poisson.output.quantiles[1] ?? 0) - 301)).toBeLessThan(5);
    expect(Math.abs(poisson.output.mean - (0.5 * 51 + 0.4 * 201 + 0.1 * 1301))).toBeLessThan(5);
    const bursty = traceStatistics(traceOf({ ...steady, arrivals: { kind: 'gamma', rate: 20, cv: 3 } }));
    expect(Math.abs(bursty.rate / 20 - 1)).toBeLessThan(0.05);
    expect(bursty.gapVariation).toBeCloseTo(3, 0);
  });

  test('a trace of a workload replays it, faster by the speed, no further than it goes', () => {
    fc.assert(
      fc.property(generator, fc.constantFrom(0.5, 1, 4), fc.nat(80), (workload, speed, requests) => {
        const columns = traceOf(workload);
        const start = all(workload)[0]?.at ?? 0;
        const expected = all(workload).map((request) => ({ ...request, at: (request.at - start) / speed }));
        expect(all({ kind: 'trace', name: 'replay', columns, speed, requests })).toEqual(expected.slice(0, requests));
      }),
    );
  });

  test('a closed loop over a trace keeps its lengths and forgets its times', () => {
    const columns = traceOf({ ...steady, requests: 5 });
    const closed: Workload = { kind: 'trace', name: 'closed', columns, speed: 1, concurrency: 3, requests: 5 };
    expect(requestSource(closed).concurrency).toBe(3);
    expect(all(closed).map(({ at }) => at)).toEqual([0, 0, 0, 0, 0]);
    expect(all(closed).map(({ input }) => input)).toEqual([...columns.inputTokens]);
  });
});

describe('conversations', () => {
  const talk = { share: 0.7, blockTokens: 16, window: 50 };
  const workload: Generator = { ...steady, input: { kind: 'uniform', min: 1, max: 4000 }, reuse: talk, requests: 3000 };

  test('a prompt has its full blocks; each id is fresh, or a continued prefix from its beginning', () => {
    fc.assert(
      fc.property(generator, reuse, (given, reuse) => {
        const parent = new Map<number, number>();
        let highest = -1;
        for (const { input, blocks } of all({ ...given, reuse })) {
          expect(blocks).toHaveLength(Math.floor(input / reuse.blockTokens));
          const broken = blocks.filter((block, i) => {
            const before = blocks[i - 1] ?? -1;
            const known = parent.get(block);
            if (known === undefined) parent.set(block, before);
            return known !== undefined && known !== before;
          });
          expect(broken).toEqual([]);
          highest = Math.max(highest, ...blocks);
        }
      }),
    );
  });

  test('the prefix of a continuing prompt is a whole earlier prompt with its answer, wherever one fits', () => {
    const earlier: { readonly blocks: readonly number[]; readonly total: number }[] = [];
    const owner = new Map<number, number>();
    const cut: boolean[] = [];
    let whole = 0;
    for (const { input, output, blocks } of all(workload)) {
      const shared = blocks.findIndex((block) => !owner.has(block));
      const prefix = shared === -1 ? blocks : blocks.slice(0, shared);
      const from = earlier[owner.get(prefix.at(-1) ?? -1) ?? -1];
      // The answer's ids were in no prompt: of a history, the prefix in seen ids is the earlier prompt.
      if (prefix.length === from?.blocks.length) whole++;
      if (from !== undefined) cut.push(prefix.length !== from.blocks.length && blocks.length > from.total);
      for (const block of blocks) owner.set(block, earlier.length);
      earlier.push({ blocks, total: Math.floor((input + output) / 16) });
    }
    expect(cut.length).toBeGreaterThan(0.6 * 3000);
    expect(cut).not.toContain(true);
    expect(whole).toBeGreaterThan(0.6 * cut.length);
  });

  test('more reuse, more hits; none without; lengths stay', () => {
    const hits = [0, 0.3, 0.6, 0.9].map((share) => traceStatistics(traceOf({ ...workload, reuse: { ...talk, share } })));
    const shares = hits.map(({ reuse }) => reuse?.hitShare ?? 0);
    expect(shares[0]).toBe(0);
    expect(shares).toEqual(shares.toSorted((a, b) => a - b));
    expect(shares[3]).toBeGreaterThan(0.3);
    expect(new Set(hits.map(({ input }) => input.mean)).size).toBe(1);
  });

  test('some token of every prompt is its own, even where prompts are equally long', () => {
    const equal = all({ ...workload, input: { kind: 'fixed', tokens: 160 }, reuse: { ...talk, share: 1 } });
    const seen = new Set<number>();
    for (const { blocks } of equal) {
      expect(seen.has(blocks.at(-1) ?? -1)).toBe(false);
      for (const block of blocks) seen.add(block);
    }
  });
});
