import type { Seconds } from '../../base/units.ts';
import type { Actor } from '../actor.ts';
import type { Dies } from '../dies.ts';
import type { Instance } from '../instance.ts';
import type { Pool } from '../pools.ts';
import type { Simulation } from '../simulation.ts';
import { Loader, type LoadSource, type WeightsOf } from './loader.ts';
import type { PoolView } from './pool-view.ts';

/** An instance from when it has dies until it has given them back. */
export interface Span {
  readonly pool: number;
  readonly instance: number;
  /** Dies taken, first request possible, told to finish, dies given back; undefined where that was not in the run. [s] */
  readonly from: Seconds;
  servesFrom?: Seconds | undefined;
  drainsFrom?: Seconds | undefined;
  to?: Seconds | undefined;
  /** Where its weights came from; undefined for those that served from the beginning. */
  source?: LoadSource | undefined;
}

/** What a pool's instances take. */
export interface FleetPool {
  readonly dies: number;
  readonly weights: WeightsOf;
}

/**
 * Instances that come and go (CTL): loops say how many each pool should have, this takes dies, loads weights, lets them serve, drains them and gives
 * dies back, as far as there are any.
 */
export class Fleet implements Actor {
  readonly spans: Span[] = [];
  readonly #pools: readonly FleetPool[];
  readonly #dies: Dies;
  readonly #loader: Loader;
  readonly #diesPerNode: number;
  /** The span of each instance that has dies. */
  readonly #open = new Map<Instance, Span>();
  readonly #wanted: number[];

  /** @param loader takes instances by their numbers */
  constructor(simulation: Simulation, pools: readonly FleetPool[], dies: Dies, diesPerNode: number, loader: Loader) {
    this.#pools = pools;
    this.#dies = dies;
    this.#diesPerNode = diesPerNode;
    this.#loader = loader;
    this.#wanted = simulation.service.pools.map(({ plant }) => plant.atStart ?? plant.instances);
    for (const pool of simulation.service.pools)
      for (const instance of instancesOf(pool))
        if (instance.state === 'active') {
          this.#begin(pool, instance, 0).servesFrom = 0;
          loader.keep(this.#pools[pool.index].weights, this.#nodesOf(instance));
        }
    simulation.service.onDrained = this.#drained.bind(this, simulation);
    simulation.attach(this);
  }

  get nextAt(): Seconds {
    return this.#loader.nextAt;
  }

  act(simulation: Simulation): void {
    const { service, now } = simulation;
    for (const { key, source } of this.#loader.advance(now)) {
      const instance = service.instance(key);
      const span = this.#open.get(instance) as Span;
      span.servesFrom = now;
      span.source = source;
      // One that was found lost while it loaded comes back as that fault allows.
      if (instance.state === 'starting') service.setState(instance, 'active');
    }
    this.#settle(simulation);
  }

  /** How many instances a pool should have. */
  want(simulation: Simulation, pool: number, count: number): void {
    this.#wanted[pool] = count;
    this.#settle(simulation);
    simulation.wake(this);
  }

  wanted(pool: number): number {
    return this.#wanted[pool];
  }

  /** Whether a pool should have more instances and has none at all, nor one that starts. */
  lacks({ service }: Simulation, pool: number): boolean {
    const { serving, starting } = this.counts(service.pools[pool]);
    return serving + starting === 0 && this.#wanted[pool] > 0;
  }

  counts(pool: Pool): Pick<PoolView, 'serving' | 'starting' | 'draining'> {
    const counts = { serving: 0, starting: 0, draining: 0 };
    for (const instance of instancesOf(pool)) {
      if (this.#starts(instance)) counts.starting++;
      else if (instance.state === 'active') counts.serving++;
      else if (instance.state === 'draining') counts.draining++;
    }
    return counts;
  }

  /** Instance-seconds of a pool in a span of time: with dies, loading and draining included. */
  poweredSeconds(pool: number, from: Seconds, to: Seconds): Seconds {
    return this.#sum(pool, from, to, (span) => span.from);
  }

  /** The same from when they served on. */
  servedSeconds(pool: number, from: Seconds, to: Seconds): Seconds {
    return this.#sum(pool, from, to, ({ servesFrom }) => servesFrom ?? Infinity);
  }

  #sum(pool: number, from: Seconds, to: Seconds, begin: (span: Span) => Seconds): Seconds {
    let sum = 0;
    for (const span of this.spans) if (span.pool === pool) sum += Math.max(0, Math.min(to, span.to ?? Infinity) - Math.max(from, begin(span)));
    return sum;
  }

  /** Brings pools nearer to what is wanted: those that give first, then those that get, as far as there are dies. */
  #settle(simulation: Simulation): void {
    const { pools } = simulation.service;
    for (const pool of pools) {
      const { serving, starting } = this.counts(pool);
      for (let surplus = serving + starting - this.#wanted[pool.index]; surplus > 0; surplus--) this.#less(simulation, pool);
    }
    for (const pool of pools) {
      const { serving, starting } = this.counts(pool);
      for (let missing = this.#wanted[pool.index] - serving - starting; missing > 0 && this.#more(simulation, pool); missing--);
    }
  }

  /** One instance less: the last one that has not begun to serve, else the one with the least to finish. */
  #less({ service, now }: Simulation, pool: Pool): void {
    const own = instancesOf(pool);
    const starting = own.findLast((instance) => this.#starts(instance) && !instance.stuck);
    if (starting !== undefined) {
      this.#loader.cancel(now, starting.index);
      service.setState(starting, 'off');
      this.#end(starting, now);
      return;
    }
    const active = own.filter(({ state }) => state === 'active');
    const load = (instance: Instance): number => instance.batches.reduce((sum, { ranks }) => sum + ranks.reduce((all, rank) => all + rank.load, 0), 0);
    const least = active.reduce<Instance | undefined>((best, one) => (best === undefined || load(one) <= load(best) ? one : best), undefined);
    if (least === undefined) return;
    (this.#open.get(least) as Span).drainsFrom = now;
    service.setState(least, 'draining');
  }

  /** One instance more: one that drains takes requests again, or another gets dies and weights. Returns whether there was any. */
  #more({ service, now }: Simulation, pool: Pool): boolean {
    const own = instancesOf(pool);
    const draining = own.find(({ state, stuck }) => state === 'draining' && !stuck);
    if (draining !== undefined) {
      (this.#open.get(draining) as Span).drainsFrom = undefined;
      service.setState(draining, 'active');
      return true;
    }
    const off = own.find((instance) => !this.#open.has(instance));
    const { dies, weights } = this.#pools[pool.index];
    if (off === undefined || !this.#dies.take(off, dies)) return false;
    this.#begin(pool, off, now);
    service.setState(off, 'starting');
    this.#loader.begin(now, off.index, weights, this.#nodesOf(off));
    return true;
  }

  #drained(simulation: Simulation, instance: Instance): void {
    this.#end(instance, simulation.now);
    this.#settle(simulation);
    simulation.wake(this);
  }

  #begin(pool: Pool, instance: Instance, from: Seconds): Span {
    const span: Span = { pool: pool.index, instance: instance.index, from };
    this.spans.push(span);
    this.#open.set(instance, span);
    return span;
  }

  #end(instance: Instance, at: Seconds): void {
    (this.#open.get(instance) as Span).to = at;
    this.#open.delete(instance);
    this.#dies.give(instance);
  }

  #starts(instance: Instance): boolean {
    const span = this.#open.get(instance);
    return span !== undefined && span.servesFrom === undefined;
  }

  #nodesOf(instance: Instance): readonly number[] {
    return [...new Set(this.#dies.of(instance).map((die) => Math.floor(die / this.#diesPerNode)))];
  }
}

/** The first batch in flight of each instance stands for it. */
function instancesOf({ instances, plant }: Pool): readonly Instance[] {
  return instances.slice(0, plant.instances);
}
