import type { Instance } from '../../src/serving/instance.ts';
import type { Rank } from '../../src/serving/rank.ts';
import type { Simulation } from '../../src/serving/simulation.ts';

/**
 * What an endpoint speaks for: the whole deployment as one engine, or a pool, one of its instances, or one rank of that, where each instance, or each
 * rank, is an engine. Pool 0 takes prompts.
 */
export type Scope =
  | { readonly pool: 'all' }
  | { readonly pool: number; readonly instance?: number | undefined; readonly rank?: number | undefined; readonly engines: 'instances' | 'ranks' };

/** An engine of a scope: its label, and what of the twin it is. */
export interface EngineOfScope {
  readonly label: string;
  /** Batches in flight of the instance. */
  readonly batches: readonly Instance[];
  /** Ranks of all of them that belong to it. */
  readonly ranks: readonly Rank[];
  /** Those of them whose KV is told: where answers are decoded. */
  readonly store: readonly Rank[];
}

/** Engines of a scope in order, and the one that an instance (by its number over all pools) and a rank of it belong to. */
export interface ScopedEngines {
  readonly list: readonly EngineOfScope[];
  of(instance: number, rank?: number): number | undefined;
  /** The same by the number of the instance in its pool. */
  at(instance: number, rank: number): number | undefined;
}

/** Resolves a scope. @throws RangeError where the deployment has no such pool */
export function enginesOf(simulation: Simulation, scope: Scope): ScopedEngines {
  if (scope.pool === 'all') return theWhole(simulation);
  const pool = simulation.pools[scope.pool];
  if (pool === undefined) throw new RangeError(`no pool ${scope.pool}`);
  const { instances: count, ranks: perInstance } = pool.plant;
  const first = pool.instances[0]?.index ?? 0;
  const list: EngineOfScope[] = [];
  const numbers = new Map<string, number>();
  for (let i = 0; i < count; i++) {
    if (scope.instance !== undefined && scope.instance !== i) continue;
    const batches = pool.instances.filter((_, at) => at % count === i);
    for (let r = 0; r < (scope.engines === 'ranks' ? perInstance : 1); r++) {
      if (scope.rank !== undefined && scope.engines === 'ranks' && scope.rank !== r) continue;
      numbers.set(scope.engines === 'ranks' ? `${i} ${r}` : `${i}`, list.length);
      const ranks = batches.flatMap(({ ranks }) => (scope.engines === 'ranks' ? ranks.slice(r, r + 1) : ranks));
      list.push({ label: String(list.length), batches, ranks, store: ranks });
    }
  }
  const at = (instance: number, rank: number): number | undefined => numbers.get(scope.engines === 'ranks' ? `${instance} ${rank}` : `${instance}`);
  return {
    list,
    at,
    of: (index, rank = 0) => {
      const own = index - first;
      return own < 0 || own >= pool.instances.length ? undefined : at(own % count, rank);
    },
  };
}

function theWhole({ pools, plant }: Simulation): ScopedEngines {
  const batches = pools.flatMap(({ instances }) => instances);
  const decoding = plant.models === undefined ? (pools.at(-1)?.instances ?? []) : batches;
  const ranksOf = (instances: readonly Instance[]): readonly Rank[] => instances.flatMap(({ ranks }) => ranks);
  return { list: [{ label: '0', batches, ranks: ranksOf(batches), store: ranksOf(decoding) }], of: () => 0, at: () => 0 };
}
