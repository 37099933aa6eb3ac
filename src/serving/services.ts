import type { Errand } from './events.ts';
import type { Instance } from './instance.ts';
import type { Plant } from './plant.ts';
import type { Pool } from './pools.ts';
import type { PrefixPool } from './prefix-pool.ts';
import { Service } from './service.ts';
import type { World } from './world.ts';

/** Some ranks, by numbers of their pool, their instance in it and themselves in that. */
export interface RanksNamed {
  readonly pool?: number | undefined;
  readonly instance?: number | undefined;
  readonly rank?: number | undefined;
}

/** The services of a plant, one for each model, as one: what concerns a request or an instance goes to the service that it belongs to. */
export class Services {
  /** Of all services. */
  readonly pools: readonly Pool[];
  readonly #world: World;
  readonly #list: readonly Service[];
  /** By number of the instance. */
  readonly #owners: readonly Service[];
  readonly #poolOf: readonly Pool[];
  readonly #instances: readonly Instance[];

  constructor(world: World, plant: Plant) {
    this.#world = world;
    const list: Service[] = [];
    let firstPool = 0;
    let firstInstance = 0;
    for (const own of plantsOf(plant)) {
      const service = new Service(world, own, firstPool, firstInstance);
      list.push(service);
      firstPool += service.pools.length;
      for (const { instances } of service.pools) firstInstance += instances.length;
    }
    this.#list = list;
    this.pools = list.flatMap(({ pools }) => pools);
    this.#owners = list.flatMap((service) => service.pools.flatMap(({ instances }) => instances.map(() => service)));
    this.#poolOf = this.pools.flatMap((pool) => pool.instances.map(() => pool));
    this.#instances = this.pools.flatMap(({ instances }) => instances);
  }

  /** The pooled prefix cache; only one service has one. */
  get prefixes(): PrefixPool | undefined {
    return this.#list[0].prefixes;
  }

  /** By its number over all pools. */
  instance(index: number): Instance {
    return this.#instances[index];
  }

  poolOf({ index }: Instance): Pool {
    return this.#poolOf[index];
  }

  /** Prompts that wait for an instance of a pool that could take them: of the pool that prompts of its service go to first. */
  stranded(pool: Pool): number {
    const service = this.#owners[pool.first];
    return service.pools[0] === pool ? service.stranded : 0;
  }

  /** Told of each instance that has drained. */
  set onDrained(told: (instance: Instance) => void) {
    for (const service of this.#list) service.onDrained = told;
  }

  /** Why a request that arrives is turned away; undefined where it is let in. */
  refusal(slot: number): string | undefined {
    const model = this.#world.table.model[slot];
    if (this.#list.length > 1 && model >= this.#list.length) return `asks for model ${model}; ${this.#list.length} are served, from 0`;
    return this.#for(slot).refusal(slot);
  }

  /** Longest prompt and answer of the model that a request asks for together, and what sets it. */
  limits(slot: number): Pick<Plant, 'maxContext' | 'maxContextOf'> {
    return this.#for(slot).limits;
  }

  dispatch(slot: number): void {
    this.#for(slot).dispatch(slot);
  }

  left(slot: number, errand: Errand): void {
    this.#for(slot).left(slot, errand);
  }

  landed(slot: number): void {
    this.#for(slot).landed(slot);
  }

  read(slot: number): void {
    this.#for(slot).read(slot);
  }

  retry(slot: number): void {
    this.#for(slot).retry(slot);
  }

  handOver(slot: number, instance: number, rank: number, tokens: number): void {
    this.#for(slot).handOver(slot, instance, rank, tokens);
  }

  abort(slot: number, cause: string): boolean {
    return this.#for(slot).abort(slot, cause);
  }

  settle(): void {
    const list = this.#list;
    for (let s = 0; s < list.length; s++) list[s].settle();
  }

  settleDrained(): void {
    const list = this.#list;
    for (let s = 0; s < list.length; s++) list[s].settleDrained();
  }

  pause(instance: Instance): void {
    this.#owners[instance.index].pause(instance);
  }

  resume(instance: Instance): void {
    this.#owners[instance.index].resume(instance);
  }

  setState(instance: Instance, state: Instance['state']): void {
    this.#owners[instance.index].setState(instance, state);
  }

  wipe(instance: Instance, interrupted: (slot: number) => void): void {
    this.#owners[instance.index].wipe(instance, interrupted);
  }

  lose(instance: Instance, ranks: ReadonlySet<number>, interrupted: (slot: number) => void): void {
    this.#owners[instance.index].lose(instance, ranks, interrupted);
  }

  regain(instance: Instance): void {
    this.#owners[instance.index].regain(instance);
  }

  /** Takes away all prompts that wait because no instance could take them. */
  forsake(gone: (slot: number) => void): void {
    for (const service of this.#list) service.forsake(gone);
  }

  /**
   * Drops the prefixes that ranks keep: those of a rank that no request refers to, else none of it (CAC-10).
   * @param at the ranks, by numbers of their pool, instance and rank: of all that are not named
   * @param pooled whether what the pooled cache and its storage have is dropped too
   * @returns whether nothing was kept
   */
  flush(at: RanksNamed, pooled: boolean): boolean {
    let all = true;
    for (const [p, { instances, plant }] of this.pools.entries()) {
      if ((at.pool ?? p) !== p) continue;
      for (const [i, { ranks }] of instances.slice(0, plant.instances).entries()) {
        if ((at.instance ?? i) !== i) continue;
        for (const [r, { cache }] of ranks.entries()) {
          if ((at.rank ?? r) !== r || cache === undefined) continue;
          if (cache.evictable < cache.size) all = false;
          else if (cache.size > 0) cache.clear();
        }
      }
    }
    if (pooled) this.prefixes?.clear();
    return all;
  }

  #for(slot: number): Service {
    const list = this.#list;
    return list.length === 1 ? list[0] : (list[this.#world.table.model[slot]] ?? list[0]);
  }
}

/** What each service has of a plant. */
function plantsOf(plant: Plant): readonly Plant[] {
  const { models } = plant;
  if (models === undefined) return [plant];
  return models.map((own, m) => ({ ...plant, ...own, pools: [plant.pools[m]] }));
}
