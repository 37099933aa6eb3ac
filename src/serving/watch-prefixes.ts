import type { PrefixWatcher } from './prefix-watcher.ts';
import type { Simulation } from './simulation.ts';

/** Where prefix blocks are kept: in the KV memory of a rank, counted over all ranks of its pool, or in the pooled cache. */
export type PrefixPlace =
  | { readonly kind: 'rank'; readonly pool: number; readonly rank: number; readonly instance: number; readonly rankOfInstance: number }
  | { readonly kind: 'memory' | 'storage' };

/** Has every prefix cache of a simulation watched. Asked for before the first request, so that nothing is missed. */
export function watchPrefixes({ pools, prefixes }: Simulation, watcherAt: (place: PrefixPlace) => PrefixWatcher): void {
  for (const [pool, { plant, instances }] of pools.entries())
    for (const [instance, { ranks }] of instances.slice(0, plant.instances).entries())
      for (const [rankOfInstance, { kv }] of ranks.entries()) {
        const rank = instance * plant.ranks + rankOfInstance;
        kv.watcher = watcherAt({ kind: 'rank', pool, rank, instance, rankOfInstance });
        if (kv.cache !== undefined) kv.cache.watcher = kv.watcher;
      }
  if (prefixes === undefined) return;
  prefixes.cache.watcher = watcherAt({ kind: 'memory' });
  prefixes.storage.watcher = watcherAt({ kind: 'storage' });
}
