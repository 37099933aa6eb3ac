import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { emptyArrival } from './arrival.ts';
import { meanRate, type ClientPool } from './client-pool.ts';
import { traceOf } from './columns.ts';
import { requestSource } from './source.ts';
import { machineOfClients, seedOf, splitWorkload } from './split.ts';
import type { GeneratorWorkload, PoolWorkload, TraceColumns, TraceWorkload, Workload } from './workload.ts';

const generator: GeneratorWorkload = {
  kind: 'generator',
  name: 'chat',
  arrivals: { kind: 'gamma', rate: 100, cv: 1.5 },
  input: { kind: 'uniform', min: 10, max: 400 },
  output: { kind: 'uniform', min: 1, max: 100 },
  reuse: { share: 0.5, blockTokens: 16, window: 100 },
  requests: 4001,
  seed: 5,
};

const client = (...rates: readonly number[]): ClientPool['clients'][number] => ({
  rate: Float64Array.from(rates),
  gaps: [{ kind: 'gamma', shape: 0.5 }],
  gapsOf: new Uint16Array(rates.length),
  lengths: [{ input: { kind: 'discrete', value: [10, 20], weight: [1, 3] }, output: { kind: 'linear', share: [0, 1], value: [1, 9] } }],
  lengthsOf: new Uint16Array(rates.length),
});
const pool: ClientPool = { window: 60, windows: 2, note: '', clients: [client(8, 1), client(3, 3), client(0, 5), client(2, 0), client(1, 1), client(0, 0)] };
const clients: PoolWorkload = { kind: 'client-pool', name: 'pool', pool, scale: 3, requests: 5000, seed: 2 };

function taken(workload: Workload): { readonly requests: number; readonly span: number; readonly times: readonly number[] } {
  const source = requestSource(workload);
  const arrival = emptyArrival();
  const times: number[] = [];
  while (source.next(arrival)) times.push(arrival.arrivedAt);
  return { requests: times.length, span: times.at(-1) ?? 0, times };
}

const sum = (list: readonly number[]) => list.reduce((all, one) => all + one, 0);

describe('spread', () => {
  test.each([
    ['a generator', generator],
    ['clients', clients],
  ] as const)('FLE-1, FLE-2 gives %s to machines in equal parts, with draws of their own', (_, workload) => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 9 }), (machines) => {
        const parts = splitWorkload(workload, machines, 'spread').map(taken);
        expect(sum(parts.map(({ requests }) => requests))).toBe(workload.requests);
        for (const { requests } of parts) expect(Math.abs(requests - workload.requests / machines)).toBeLessThan(1);
        expect(new Set(parts.map(({ times }) => times[0])).size).toBe(machines);
        // All last about as long as the whole: rates are parts of its rate.
        const { span } = taken(workload);
        expect(sum(parts.map((part) => part.span)) / machines / span).toBeGreaterThan(0.7);
        expect(sum(parts.map((part) => part.span)) / machines / span).toBeLessThan(1.4);
      }),
      { numRuns: 15 },
    );
  });

  test('a closed loop keeps as many in flight', () => {
    const closed: Workload = { ...generator, arrivals: { kind: 'closed', concurrency: 10 } };
    const parts = splitWorkload(closed, 4, 'spread').map((part) =>
      part.kind === 'generator' && part.arrivals.kind === 'closed' ? part.arrivals.concurrency : 0,
    );
    expect(sum(parts)).toBe(10);
    expect(Math.max(...parts) - Math.min(...parts)).toBeLessThanOrEqual(1);
  });

  test('FLE-2 every request of a trace goes to one machine, those that begin alike to the same', () => {
    const columns = traceOf(generator);
    const trace: TraceWorkload = { kind: 'trace', name: 'trace', columns, speed: 1, requests: columns.count };
    const parts = splitWorkload(trace, 5, 'spread').map((part) => (part.kind === 'trace' ? part.columns : columns));
    const keys = (from: TraceColumns): readonly string[] =>
      Array.from({ length: from.count }, (_, i) =>
        JSON.stringify([
          from.arrivedAt[i],
          from.inputTokens[i],
          from.outputTokens[i],
          Array.from(from.blocks.subarray(from.blockStart[i], from.blockStart[i + 1])),
        ]),
      );
    const sorted = (list: readonly string[]): readonly string[] => list.toSorted((a, b) => (a < b ? -1 : 1));
    expect(sorted(parts.flatMap(keys))).toEqual(sorted(keys(columns)));
    const machineOf = new Map<number, number>();
    parts.forEach((part, m) => {
      for (let i = 0; i < part.count; i++) {
        const first = part.blocks[part.blockStart[i] ?? 0];
        if (first === undefined || part.blockStart[i + 1] === part.blockStart[i]) continue;
        expect(machineOf.get(first) ?? m).toBe(m);
        machineOf.set(first, m);
      }
    });
    for (const { count } of parts) expect(count).toBeGreaterThan(columns.count / 10);
  });
});

describe('clients', () => {
  test('FLE-3 each client sends to one machine, and all of its requests', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), (machines) => {
        const parts = splitWorkload(clients, machines, 'clients').map((part) => (part.kind === 'client-pool' ? part : clients));
        expect(parts.flatMap((part) => part.pool.clients)).toHaveLength(pool.clients.length);
        for (const one of pool.clients) expect(parts.filter((part) => part.pool.clients.includes(one))).toHaveLength(1);
        expect(sum(parts.map((part) => meanRate(part.pool)))).toBeCloseTo(meanRate(pool), 12);
        expect(sum(parts.map(({ requests }) => requests))).toBe(clients.requests);
        for (const part of parts) expect(Math.abs(part.requests - (clients.requests * meanRate(part.pool)) / meanRate(pool))).toBeLessThan(2);
      }),
    );
  });

  test('no machine has more than the mean and one client', () => {
    const load = new Float64Array(3);
    machineOfClients(pool, 3).forEach((m, c) => (load[m] = (load[m] ?? 0) + sum([...(pool.clients[c]?.rate ?? [])])));
    const most = Math.max(...pool.clients.map(({ rate }) => sum([...rate])));
    expect(Math.max(...load)).toBeLessThanOrEqual(sum([...load]) / 3 + most);
  });
});

test('FLE-1 seeds of machines differ from each other and between seeds', () => {
  const all = [1, 2, 3].flatMap((seed) => Array.from({ length: 50 }, (_, m) => seedOf(seed, m)));
  expect(new Set(all).size).toBe(all.length);
});
