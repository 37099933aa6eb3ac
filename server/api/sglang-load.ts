import { place } from '../../src/serving/place.ts';
import type { LiveEngine } from '../live/engine.ts';
import { enginesOf, type ScopedEngines } from '../metrics/scope.ts';
import { deferredOn, runningOn, waitingOn } from '../metrics/vllm.ts';
import type { DoorPlace } from './door-place.ts';

/** What a data-parallel rank has to do, as SGLang's scheduler tells it: requests that wait are among all, tokens are of KV in use and of prompts that wait. */
interface RankLoad {
  readonly dp_rank: number;
  readonly num_reqs: number;
  readonly num_waiting_reqs: number;
  readonly num_tokens: number;
}

/** The load of each rank that a door speaks for; at the front door of all that take prompts, counted through. */
export function sglangLoad(engine: LiveEngine, door: DoorPlace | undefined): readonly RankLoad[] {
  engine.catchUp();
  const { simulation } = engine;
  const pools = door !== undefined ? [door.pool] : simulation.plant.models === undefined ? [0] : simulation.pools.keys();
  const scopes = [...pools].map((pool) => enginesOf(simulation, { pool, instance: door?.instance, rank: door?.rank, engines: 'ranks' }));
  return scopes.flatMap((scope) => loadsOf(engine, scope)).map((load, rank) => ({ dp_rank: rank, ...load }));
}

function loadsOf({ simulation: { table } }: LiveEngine, engines: ScopedEngines): readonly Omit<RankLoad, 'dp_rank'>[] {
  const queued = engines.list.map(() => 0);
  for (const slot of table.slots()) {
    const at = table.place[slot] === place.queued ? engines.of(table.instance[slot] as number, table.rank[slot]) : undefined;
    if (at !== undefined) queued[at] = (queued[at] as number) + (table.prompt[slot] as number);
  }
  return engines.list.map((each, i) => {
    const waiting = waitingOn(each) + deferredOn(each);
    const held = [...new Set(each.store.map(({ kv }) => kv))].reduce((sum, kv) => sum + kv.used * kv.blockTokens, 0);
    return { num_reqs: runningOn(each) + waiting, num_waiting_reqs: waiting, num_tokens: held + (queued[i] as number) };
  });
}
