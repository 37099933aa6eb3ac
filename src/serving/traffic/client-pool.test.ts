import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { emptyArrival } from './arrival.ts';
import { meanRate, windowsOf, type ClientPool, type GapLaw, type PoolClient } from './client-pool.ts';
import { ClientSource } from './client-source.ts';
import { traceOf } from './columns.ts';
import type { PoolWorkload } from './workload.ts';

const lengths = {
  input: { kind: 'discrete', value: [10, 20], weight: [1, 3] },
  output: { kind: 'linear', share: [0, 1], value: [1, 9] },
} as const;

function client(rates: readonly number[], gap: GapLaw = { kind: 'gamma', shape: 1 }): PoolClient {
  return {
    rate: Float64Array.from(rates),
    gaps: [gap],
    gapsOf: new Uint16Array(rates.length),
    lengths: [lengths],
    lengthsOf: new Uint16Array(rates.length),
  };
}

const poolOf = (clients: readonly PoolClient[], window = 100): ClientPool => ({ window, windows: clients[0]?.rate.length ?? 0, clients, note: '' });
const workload = (pool: ClientPool, requests: number, rest: Partial<PoolWorkload> = {}): PoolWorkload => ({
  kind: 'client-pool',
  name: 'pool',
  pool,
  scale: 1,
  requests,
  seed: 5,
  ...rest,
});

function times(given: PoolWorkload): readonly number[] {
  const source = new ClientSource(given);
  const arrival = emptyArrival();
  const seen: number[] = [];
  while (source.next(arrival)) seen.push(arrival.arrivedAt);
  return seen;
}

const gap: fc.Arbitrary<GapLaw> = fc.record({
  kind: fc.constantFrom('gamma' as const, 'weibull' as const),
  shape: fc.double({ min: 0.3, max: 20, noNaN: true }),
});
const pool = fc
  .integer({ min: 1, max: 5 })
  .chain((windows) =>
    fc.array(fc.tuple(fc.array(fc.constantFrom(0, 0, 0.01, 0.2, 3), { minLength: windows, maxLength: windows }), gap), { minLength: 1, maxLength: 6 }),
  )
  .filter((clients) => clients.some(([rates]) => rates.some((rate) => rate > 0)))
  .map((clients) => poolOf(clients.map(([rates, law]) => client(rates, law))));

describe('a pool of clients', () => {
  test('as many requests as asked, in order of time, the same for the same seed, none while nobody sends', () => {
    fc.assert(
      fc.property(pool, fc.nat(300), fc.nat(), (given, requests, seed) => {
        const found = times(workload(given, requests, { seed }));
        expect(found).toHaveLength(requests);
        expect(found).toEqual(found.toSorted((a, b) => a - b));
        expect(times(workload(given, requests, { seed }))).toEqual(found);
        const idle = found.filter((at) => {
          const window = Math.floor(at / 100) % given.windows;
          const within = at % 100;
          return within > 1e-6 && within < 100 - 1e-6 && given.clients.every(({ rate }) => rate[window] === 0);
        });
        expect(idle).toEqual([]);
      }),
    );
  });

  test('a client does the same whoever is beside it', () => {
    const [one, two] = [client([2, 1]), client([0.5, 4], { kind: 'weibull', shape: 0.5 })];
    const alone = times(workload(poolOf([one]), 100));
    const together = times(workload(poolOf([one, two]), 400));
    expect(alone.filter((at) => together.includes(at))).toEqual(alone);
  });

  test('the merge of the clients is that of a naive one: all their times, sorted', () => {
    fc.assert(
      fc.property(pool, (given) => {
        const found = times(workload(given, 200));
        const until = found.at(-1) ?? 0;
        const rates = given.clients.map((_, c) => given.clients.map((one, k) => (k === c ? one : { ...one, rate: one.rate.map(() => 0) })));
        const apart = rates.flatMap((clients) => (clients.some(({ rate }) => rate.some((r) => r > 0)) ? times(workload({ ...given, clients }, 200)) : []));
        expect(apart.filter((at) => at <= until).toSorted((a, b) => a - b)).toEqual(found);
      }),
    );
  });

  test.each<GapLaw>([
    { kind: 'gamma', shape: 1 },
    { kind: 'gamma', shape: 0.2 },
    { kind: 'gamma', shape: 30 },
    { kind: 'weibull', shape: 0.5 },
    { kind: 'weibull', shape: 2 },
  ])('every window has its rate, and gaps vary as their law says: %o', (law) => {
    const rates = [1, 8, 0, 3];
    const found = times(workload(poolOf([client(rates, law)], 5000), 120_000));
    const cv = variation(law);
    const turns = Math.floor((found.at(-1) ?? 0) / 20_000);
    rates.forEach((rate, w) => {
      const count = found.filter((at) => at < turns * 20_000 && Math.floor(at / 5000) % 4 === w).length;
      const expected = rate * 5000 * turns;
      expect(Math.abs(count - expected)).toBeLessThanOrEqual(5 * Math.max(1, cv) * Math.sqrt(expected) + turns * cv * cv);
    });
    const steady = times(workload(poolOf([client([4], law)], 5000), 50_000));
    const gaps = steady.slice(1).map((at, i) => at - (steady[i] ?? 0));
    const mean = gaps.reduce((sum, one) => sum + one, 0) / gaps.length;
    const spread = Math.sqrt(gaps.reduce((sum, one) => sum + (one - mean) ** 2, 0) / gaps.length) / mean;
    expect(Math.abs(mean * 4 - 1)).toBeLessThan((5 * cv) / Math.sqrt(gaps.length));
    expect(Math.abs(spread / cv - 1)).toBeLessThan(0.06);
  });

  test('it begins as if it had gone on forever: no more and no fewer requests at the start', () => {
    for (const law of [
      { kind: 'gamma', shape: 0.2 },
      { kind: 'weibull', shape: 0.5 },
      { kind: 'gamma', shape: 10 },
    ] as const) {
      const first = poolOf(
        Array.from({ length: 4000 }, () => client([1], law)),
        1e6,
      );
      const early = times(workload(first, 2400)).at(-1) ?? 0;
      // 4,000 clients of one request a second send 2,400 in 0.6 s.
      expect(Math.abs(early - 0.6)).toBeLessThan(0.1);
    }
  });

  test('a part of its time holds the rates of its windows, around the end of it', () => {
    const part = windowsOf(poolOf([client([1, 2, 3, 4])]), 3, 2);
    expect([part.windows, [...(part.clients[0]?.rate ?? [])]]).toEqual([2, [4, 1]]);
    expect(meanRate(part)).toBe(2.5);
  });

  test('rates scale, and lengths stay those of each client', () => {
    const given = poolOf([client([2, 6]), client([1, 1])]);
    expect(meanRate(given)).toBe(5);
    const found = traceOf(workload(given, 40_000, { scale: 3 }));
    expect(Math.abs((found.arrivedAt.at(-1) ?? 0) / (40_000 / 15) - 1)).toBeLessThan(0.05);
    const tens = found.inputTokens.filter((tokens) => tokens === 10).length / 40_000;
    expect(Math.abs(tens - 0.25)).toBeLessThan(0.01);
    expect(found.inputTokens.every((tokens) => tokens === 10 || tokens === 20)).toBe(true);
    expect(Math.abs(found.outputTokens.reduce((sum, one) => sum + one, 0) / 40_000 - 5)).toBeLessThan(0.1);
  });
});

/** Coefficient of variation of a law. */
function variation({ kind, shape }: GapLaw): number {
  if (kind === 'gamma') return 1 / Math.sqrt(shape);
  return { 0.5: Math.sqrt(5), 2: Math.sqrt(4 / Math.PI - 1) }[shape] ?? Number.NaN;
}
