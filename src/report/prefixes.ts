import type { Run } from '../serving/deploy.ts';
import type { Interval } from '../serving/metrics.ts';
import type { CacheSummary, HitPoint } from './summary.ts';

/** Capacities of the curve, each twice the one before. */
const POINTS = 9;

/** What the prefix cache found, holds and moved over the whole run, `total` being the window; undefined where there is none. */
export function cacheSummary({ scenario: { deployment }, deployed, simulation }: Run, total: Interval): CacheSummary | undefined {
  const { lookups, promptTokens, tokensHit } = simulation.cacheCounters;
  const { plant } = deployed;
  const pooled = simulation.prefixes;
  if (pooled === undefined && !(plant.pools[0]?.prefixCaching ?? false)) return undefined;
  const own = [...new Set(simulation.pools.flatMap(({ instances }) => instances.flatMap(({ ranks }) => ranks.map(({ kv }) => kv))))];
  const ttft = total.ttft.sum();
  return {
    hitShare: promptTokens === 0 ? 0 : tokensHit / promptTokens,
    lookups,
    tokensHit,
    capacity: plant.cache?.capacity ?? 0,
    used: pooled?.used ?? 0,
    evictions: pooled?.cache.evictions ?? own.reduce((sum, { cache }) => sum + (cache?.evictions ?? 0), 0),
    pool:
      pooled === undefined || plant.cache === undefined || deployment.kind === 'merged'
        ? undefined
        : {
            plane: deployment.cache?.plane ?? '',
            nodes: plant.cache.nodes.length,
            tiers: [
              { name: 'memory', tokensHit: tokensHit - pooled.tokensStored, read: simulation.transport.begun.read, written: simulation.transport.begun.write },
              ...(plant.cache.storage === undefined
                ? []
                : [
                    {
                      name: 'storage',
                      tokensHit: pooled.tokensStored,
                      read: simulation.transport.begun.fromStorage,
                      written: simulation.transport.begun.toStorage,
                    },
                  ]),
            ],
            expired: pooled.expired,
            readShare: plant.cache.readInStep === true ? undefined : ttft > 0 ? (total.phases[0] ?? 0) / ttft : 0,
            curve: curveOf(simulation),
            sampled: pooled.distances.sampled,
          },
  };
}

/** Hits that memory of other capacities would have had: of the most recently used blocks, by the same look-ups. */
function curveOf({ prefixes, plant, cacheCounters }: Run['simulation']): readonly HitPoint[] {
  if (prefixes === undefined || plant.cache === undefined || prefixes.unitTokens === 0 || cacheCounters.promptTokens === 0) return [];
  const { distances, unitTokens } = prefixes;
  const { farthest } = distances;
  const unit = unitTokens * plant.cache.bytesPerToken;
  const points: HitPoint[] = [];
  let units = farthest;
  for (let point = 0; point < POINTS && units >= 1; point++, units /= 2) {
    points.unshift({ capacity: units * unit, hitShare: Math.min(1, (distances.found(units) * unitTokens) / cacheCounters.promptTokens) });
  }
  return points;
}
