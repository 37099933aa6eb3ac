import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { cases, listed } from './cases.contract.ts';
import { Breaker, loss } from './losses.contract.ts';
import type { PrefixCache } from './prefix-cache.ts';
import { recorded } from './run.contract.ts';
import { watchPrefixes } from './watch-prefixes.ts';

test('what watchers have been told of is what the caches hold, at every instant and under losses', () => {
  let told = 0;
  fc.assert(
    fc.property(cases, fc.array(loss, { maxLength: 2 }), ({ plant, requests, concurrency }, losses) => {
      const actors = losses.map((one) => new Breaker(one));
      const { simulation } = recorded(plant, listed(requests, concurrency), actors);
      const places: { readonly held: Set<number>; readonly cache: () => PrefixCache | undefined }[] = [];
      watchPrefixes(simulation, (place) => {
        const held = new Set<number>();
        const cache = (): PrefixCache | undefined =>
          place.kind === 'rank'
            ? simulation.pools[place.pool]?.instances[place.instance]?.ranks[place.rankOfInstance]?.cache
            : place.kind === 'memory'
              ? simulation.prefixes?.cache
              : simulation.prefixes?.storage;
        places.push({ held, cache });
        return {
          stored: (id) => {
            expect(held.has(id)).toBe(false);
            held.add(id);
            told++;
          },
          removed: (id) => {
            expect(held.delete(id)).toBe(true);
          },
          cleared: (ids) => {
            expect(new Set(ids)).toEqual(held);
            held.clear();
          },
        };
      });
      for (let handled = 0; simulation.step() && handled < 20_000; handled++) for (const { held, cache } of places) expect(held.size).toBe(cache()?.size ?? 0);
      for (const { held, cache } of places) expect(held).toEqual(new Set(cache()?.ids()));
    }),
    { numRuns: 150 },
  );
  expect(told).toBeGreaterThan(100);
}, 60_000);
