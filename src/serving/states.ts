import type { Instance } from './instance.ts';
import type { Pool } from './pools.ts';
import type { World } from './world.ts';

/** Says what instances do from now on, where that is something else than before. */
export class States {
  readonly #world: World;
  /** What was last said of each, by number, and the name of its pool. */
  readonly #told: Map<number, { readonly pool: string; state: Instance['state'] | 'stopped'; ranks: number }> = new Map();

  constructor(world: World, pools: readonly Pool[]) {
    this.#world = world;
    if (world.sink === undefined) return;
    for (const { plant, instances } of pools)
      for (const { index, state, ranks } of instances) this.#told.set(index, { pool: plant.name, state, ranks: ranks.length });
  }

  tell(instance: Instance): void {
    const { index, stuck, serving } = instance;
    const { sink, now } = this.#world;
    const told = this.#told.get(index);
    if (sink === undefined || told === undefined) return;
    const state = stuck ? 'stopped' : instance.state;
    const ranks = serving.length;
    if (told.state === state && told.ranks === ranks) return;
    told.state = state;
    told.ranks = ranks;
    sink({ kind: 'instance', at: now, pool: told.pool, instance: index, state, ranks });
  }
}
