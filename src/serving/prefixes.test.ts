import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { idsOf, runsOf } from '../kernel/id-runs.ts';
import { cases, listed } from './cases.contract.ts';
import type { Pooled } from './links.contract.ts';
import { leavesNothing, watcher } from './laws.contract.ts';
import { mergedPlant, request, splitPlant } from './plants.contract.ts';
import { finished, recorded, type Run } from './run.contract.ts';
import type { CachePlant, Plant } from './plant.ts';
import { PrefixPool } from './prefix-pool.ts';
import { RequestTable } from './request-table.ts';
import type { Arrival } from './traffic/arrival.ts';

const cachedOf = ({ timelines }: Run): readonly number[] => timelines.toSorted((a, b) => a.request - b.request).map(({ cached }) => cached);
const ids = (count: number, from = 0): readonly number[] => Array.from({ length: count }, (_, i) => from + i);
const pool = (tokens: number, blockTokens = 1): Pooled => ({
  bytesPerToken: 1,
  capacity: tokens,
  blockTokens,
  poolBandwidth: 2 ** 20,
  rankBandwidth: 2 ** 20,
  latency: 0,
});

/** A pool by itself, and a table whose slot 0 asks it. */
function alone(cache: Pooled): { readonly table: RequestTable; readonly pool: PrefixPool } {
  const table = new RequestTable();
  table.allocate();
  return { table, pool: new PrefixPool(table, splitPlant({}, {}, {}, {}, cache).cache as CachePlant) };
}

/** A prompt of these units and one token more. */
function ask(table: RequestTable, units: readonly number[]): void {
  table.blockTokens[0] = 1;
  table.setBlocks(0, runsOf(units));
  table.prompt[0] = units.length + 1;
}

describe('prefix caches', () => {
  test('CAC-1 the cached part is the leading run of whole units, never the last token', () => {
    const later = [request(1, 12, 1, ids(12)), request(2, 14, 1, [...ids(7), ...ids(7, 200)]), request(3, 12, 1, ids(12)), request(4, 5, 1, ids(5, 50))];
    const inInstance = finished(mergedPlant({ prefixCaching: true, blockTokens: 3 }), listed([request(0, 12, 1, ids(12)), ...later]));
    expect(cachedOf(inInstance)).toEqual([0, 9, 6, 9, 0]);
    const inPool = finished(splitPlant({}, {}, {}, {}, pool(1000, 3)), listed([request(0, 12, 1, ids(12)), ...later]));
    expect(cachedOf(inPool)).toEqual([0, 9, 6, 9, 0]);
  });

  test('CAC-1 a unit is enough trace blocks for the block of the pool, or a whole number of KV blocks', () => {
    const blocks = { blockTokens: 4, prefix: runsOf(ids(10)) };
    const twice = [
      { ...request(0, 40, 1), ...blocks },
      { ...request(1, 40, 1), ...blocks },
    ];
    expect(cachedOf(finished(splitPlant({}, {}, {}, {}, pool(1000, 7)), listed(twice)))).toEqual([0, 32]);
    expect(cachedOf(finished(mergedPlant({ prefixCaching: true, blockTokens: 6 }), listed(twice)))).toEqual([0, 36]);
  });

  test('CAC-2 the pool is read before the prompt is queued and written when it is prefilled', () => {
    const { timelines, simulation } = finished(splitPlant({}, {}, {}, {}, pool(1000)), listed([request(0, 65, 1, ids(65)), request(1, 65, 1, ids(65))]));
    expect(timelines[1]).toMatchObject({ arrived: 1, cached: 64, ready: 1 + 2 ** -14, scheduled: 1 + 2 ** -14 });
    expect(simulation.cacheCounters).toEqual({ lookups: 2, promptTokens: 130, tokensHit: 64 });
    expect(simulation.prefixes?.used).toBe(65);
  });

  test('CAC-2 the least recently used units go first, and of one prompt the deepest', () => {
    const [a, b] = [ids(4, 10), ids(4, 20)];
    const asked = (last: readonly number[]) =>
      cachedOf(finished(splitPlant({}, {}, {}, {}, pool(6)), listed([request(0, 4, 1, a), request(1, 4, 1, b), request(2, 5, 1, [...last, 99])])))[2];
    // Two units of the first prompt's four had to go.
    expect(asked(a)).toBe(2);
    expect(asked(b)).toBe(4);
    const long = [request(0, 9, 1, ids(9)), request(1, 9, 1, ids(9))];
    expect(cachedOf(finished(splitPlant({}, {}, {}, {}, pool(6)), listed(long)))).toEqual([0, 6]);
  });

  test('CAC-2 more memory never finds less, and the curve says what memory of each size finds', () => {
    const prefix = fc.tuple(fc.nat(4), fc.integer({ min: 1, max: 7 })).map(([family, depth]) => ids(depth, family * 10));
    fc.assert(
      fc.property(fc.array(prefix, { minLength: 1, maxLength: 40 }), (uses) => {
        const hits = [1, 2, 3, 5, 8, 13, 21].map((capacity) => {
          const { table, pool: cache } = alone(pool(capacity));
          let found = 0;
          uses.forEach((units, at) => {
            ask(table, units);
            found += cache.lookUp(0, at);
            const kept = cache.keep(0, at);
            if (kept !== undefined) cache.land(kept, at);
          });
          expect(cache.distances.sampled).toBe(1);
          return { found, curve: [1, 2, 3, 5, 8, 13, 21].map((size) => cache.distances.found(size)) };
        });
        const found = hits.map((one) => one.found);
        expect(found).toEqual(found.toSorted((a, b) => a - b));
        for (const { curve } of hits) expect(curve).toEqual(found);
      }),
    );
  });

  test('CAC-4 units spread evenly over nodes; what a lost node had is lost, the rest stays where it is', () => {
    const nodeBandwidths = Array.from({ length: 8 }, () => 2 ** 20);
    const { table, pool: cache } = alone({ ...pool(4000), nodeBandwidths });
    const units = ids(4000);
    ask(table, units);
    const kept = cache.keep(0, 0);
    if (kept !== undefined) cache.land(kept, 0);
    const shares = nodeBandwidths.map((_, node) => units.filter((id) => cache.nodeOf(id) === node).length);
    for (const share of shares) expect(Math.abs(share - 500)).toBeLessThan(5 * Math.sqrt(500));
    const before = units.map((id) => cache.nodeOf(id));
    cache.setNode(3, false);
    expect(cache.cache.size).toBe(4000 - (shares[3] ?? 0));
    expect(cache.cache.capacity).toBe(3500);
    const after = units.map((id) => cache.nodeOf(id));
    expect(after).not.toContain(3);
    expect(units.filter((_, i) => after[i] !== before[i])).toEqual(units.filter((_, i) => before[i] === 3));
    expect(units.filter((id) => !cache.cache.has(id))).toEqual(units.filter((_, i) => before[i] === 3));
    cache.setNode(3, true);
    expect(units.map((id) => cache.nodeOf(id))).toEqual(before);
    for (let node = 0; node < 8; node++) cache.setNode(node, false);
    expect([cache.cache.size, cache.cache.capacity]).toEqual([0, 0]);
  });

  test('CAC-5 what memory has dropped is found in storage, which is read through memory with its own latency', () => {
    const [a, b] = [ids(4, 10), ids(4, 20)];
    const asked = (write: 'through' | 'back' | undefined) => {
      const storage = write === undefined ? undefined : { capacity: 100, bandwidth: 2 ** 12, latency: 2 ** -6, write };
      const run = finished(
        splitPlant({}, {}, {}, {}, { ...pool(4), storage }),
        listed([request(0, 4, 1, a), request(1, 4, 1, b), request(2, 5, 1, [...a, 99])]),
      );
      const third = run.timelines.find(({ request: number }) => number === 2);
      return { cached: third?.cached, took: (third?.ready ?? 0) - 2, begun: run.simulation.transport.begun };
    };
    expect(asked(undefined).cached).toBe(0);
    for (const write of ['through', 'back'] as const) {
      const { cached, took, begun } = asked(write);
      expect([cached, took]).toEqual([4, 4 / 2 ** 12 + 2 ** -6]);
      expect(begun.fromStorage).toBe(4);
      // Through: both prompts and the fifth block of the third; back: what the second prompt and the third's look-up pushed out.
      expect(begun.toStorage).toBe(write === 'through' ? 9 : 8);
    }
  });

  test('CAC-7 an iteration waits for what its prompts read, and those beside them wait with it; one that reads nothing begins at once', () => {
    const marks = (readInStep: boolean) =>
      finished(
        splitPlant({}, {}, {}, {}, { ...pool(1000), rankBandwidth: 2 ** 16, readInStep }),
        listed([request(0, 65, 1, ids(65)), request(1, 65, 1, ids(65)), request(1, 9, 1, ids(9, 100))]),
      ).timelines.toSorted((a, b) => a.request - b.request);
    const tick = 2 ** -10;
    // 64 tokens take 2^-10 s.
    const [first, ahead, beside] = marks(false);
    expect(first).toMatchObject({ scheduled: 0, prefilled: tick });
    expect(ahead).toMatchObject({ cached: 64, ready: 1 + tick, scheduled: 1 + tick, prefilled: 1 + 2 * tick });
    expect(beside).toMatchObject({ scheduled: 1, prefilled: 1 + tick });
    const [begins, within, together] = marks(true);
    expect(begins).toMatchObject({ scheduled: 0, prefilled: tick });
    expect(within).toMatchObject({ cached: 64, ready: 1, scheduled: 1, prefilled: 1 + 2 * tick });
    expect(together).toMatchObject({ scheduled: 1, prefilled: 1 + 2 * tick });
  });

  test('CAC-6 a unit that was not used for the time to live is gone from every tier', () => {
    const cachedAt = (ttl: number | undefined, second: number, storage?: Pooled['storage']) =>
      cachedOf(finished(splitPlant({}, {}, {}, {}, { ...pool(100), ttl, storage }), listed([request(0, 9, 1, ids(9)), request(second, 9, 1, ids(9))])))[1];
    expect(cachedAt(undefined, 1000)).toBe(8);
    expect(cachedAt(2, 1.9)).toBe(8);
    expect(cachedAt(2, 2.1)).toBe(0);
    expect(cachedAt(2, 2.1, { capacity: 100, bandwidth: 1, latency: 0, write: 'back' })).toBe(0);
  });

  test('CAC-3 prefixes that running requests share are held once', () => {
    const plant = mergedPlant({ prefixCaching: true, kvBlocks: 30 }, { maxContext: 30 });
    const { simulation } = recorded(plant, listed([request(0, 20, 5, ids(20)), request(2.5 * 2 ** -10, 21, 5, [...ids(20), 77])]));
    simulation.advance(3.5 * 2 ** -10);
    // 20 shared, 3 decoded tokens of the first and the last of the second prompt.
    expect(simulation.pools[0]?.instances[0]?.ranks[0]?.usedBlocks).toBe(24);
    while (simulation.step());
    expect(simulation.cacheCounters.tokensHit).toBe(20);
  });

  test('CAC-3 what nobody refers to any more is dropped where its blocks are needed', () => {
    const plant = mergedPlant({ prefixCaching: true, kvBlocks: 12 }, { maxContext: 12 });
    const run = finished(plant, listed([request(0, 6, 1, ids(6)), request(1, 9, 1, ids(9, 50)), request(2, 7, 1, ids(7))]));
    // Of the six units the three deepest went.
    expect(cachedOf(run)).toEqual([0, 0, 3]);
  });

  test('CAC-8 a prompt that goes on from an answer finds all of it whose KV was computed, where the answer had blocks', () => {
    const plant = mergedPlant({ prefixCaching: true, blockTokens: 2 });
    const first = { ...request(0, 7, 6, ids(13)), answered: true };
    const next = (depth: number) => request(1, 20, 1, [...ids(depth), ...ids(20 - depth, 100)]);
    // The KV of 7 + 6 - 1 tokens.
    expect(cachedOf(finished(plant, listed([first, next(13)])))).toEqual([0, 12]);
    expect(cachedOf(finished(plant, listed([first, next(9)])))).toEqual([0, 8]);
    expect(cachedOf(finished(plant, listed([{ ...first, answered: false }, next(13)])))).toEqual([0, 6]);
    expect(cachedOf(finished(splitPlant({}, {}, {}, {}, pool(1000, 2)), listed([first, next(13)])))).toEqual([0, 6]);
  });

  test('CAC-8 of an answer the deepest goes first', () => {
    const plant = mergedPlant({ prefixCaching: true, kvBlocks: 12 }, { maxContext: 12 });
    const run = finished(plant, listed([{ ...request(0, 4, 5, ids(8)), answered: true }, request(1, 6, 1, ids(6, 50)), request(2, 11, 1, ids(11))]));
    // 8 units were left of 12 blocks; the second prompt took two of them.
    expect(cachedOf(run)).toEqual([0, 0, 6]);
  });

  test('CAC-8 what is kept of answers never takes more than there is, and gives way to requests', () => {
    let kept = 0;
    fc.assert(
      fc.property(
        cases.filter(({ plant }) => plant.pools[0]?.prefixCaching === true),
        ({ plant, requests, concurrency }) => {
          const answered = requests.map((one) => ({
            ...one,
            answered: true,
            prefix: runsOf([
              ...idsOf(one.prefix),
              ...(one.blockTokens === 0 ? [] : ids(Math.ceil(one.outputTokens / one.blockTokens), one.inputTokens * 10_000)),
            ]),
          }));
          const { simulation } = recorded(plant, listed(answered, concurrency));
          const { watch } = watcher();
          while (simulation.step()) {
            watch(simulation);
            for (const { instances } of simulation.pools)
              for (const { kv } of instances.flatMap(({ ranks }) => ranks))
                expect(kv.used + (kv.cache?.evictable ?? 0) * kv.unitBlocks).toBeLessThanOrEqual(kv.total);
          }
          leavesNothing(simulation);
          const plain = finished(plant, listed(requests, concurrency)).simulation;
          const size = (of: typeof simulation): number =>
            of.pools.flatMap(({ instances }) => instances.map(({ ranks }) => ranks[0]?.cache?.size ?? 0)).reduce((a, b) => a + b, 0);
          kept += size(simulation) - size(plain);
        },
      ),
      { numRuns: 60 },
    );
    expect(kept).toBeGreaterThan(60);
  }, 30_000);

  test.each([
    ['instance', mergedPlant({ prefixCaching: true })],
    ['pool', splitPlant({}, {}, {}, {}, pool(1000))],
    ['pool read in steps', splitPlant({}, {}, {}, {}, { ...pool(1000), readInStep: true })],
  ])('CAC-9 a prompt of which too little is cached fails when its turn comes, and takes nothing from those beside it: %s', (_, plant) => {
    const first = { ...request(0, 9, 3, ids(9)), leastCached: 0 };
    const beside = { ...request(1, 20, 5, ids(20, 500)), leastCached: 0 };
    const asking = (leastCached: number) => ({ ...request(1, 9, 3, ids(9)), leastCached });
    const run = (requests: readonly Arrival[]) => finished(plant, listed(requests));
    expect(run([first, asking(8), beside]).simulation.snapshot()).toMatchObject({ finished: 3, failed: 0 });
    const { simulation, timelines } = run([first, asking(9), beside]);
    expect(simulation.snapshot()).toMatchObject({ finished: 2, failed: 1, waiting: 0, running: 0 });
    expect([...simulation.causes.keys()]).toEqual(['too little of its prompt was cached']);
    const alone = run([first, beside]).timelines;
    expect(timelines.map(({ finished: at }) => at)).toEqual(alone.map(({ finished: at }) => at));
    leavesNothing(simulation);
  });

  test('CAC-10 what is dropped from outside is not found again; what a request refers to stays, and all of its rank with it', () => {
    const after = (plant: Plant, at: number, pooled: boolean, outputTokens = 3) => {
      const run = recorded(plant, listed([request(0, 9, outputTokens, ids(9)), request(1, 9, 1, ids(9))]));
      run.simulation.advance(at);
      const all = run.simulation.flush({}, pooled);
      while (run.simulation.step());
      leavesNothing(run.simulation);
      return [all, cachedOf(run)[1]];
    };
    const own = mergedPlant({ prefixCaching: true });
    const pooled = splitPlant({}, {}, {}, {}, pool(1000));
    expect(after(own, 0.5, false)).toEqual([true, 0]);
    expect(after(own, 0.004, false, 30)).toEqual([false, 8]);
    expect(after(pooled, 0.5, false)).toEqual([true, 8]);
    expect(after(pooled, 0.5, true)).toEqual([true, 0]);
  });

  test('CAC-3 every reference is given back', () => {
    fc.assert(
      fc.property(cases, ({ plant, requests, concurrency }) => {
        const { simulation } = finished(plant, listed(requests, concurrency));
        for (const { cache } of simulation.pools.flatMap(({ instances }) => instances.flatMap(({ ranks }) => ranks)))
          expect(cache?.evictable).toBe(cache?.size);
      }),
    );
  });
});
