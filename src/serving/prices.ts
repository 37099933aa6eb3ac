import type { Seconds } from '../base/units.ts';
import type { StepPricer } from '../cost/batch.ts';
import type { LostDies } from '../model/layout-without.ts';
import type { Causes, PricedUnder } from './causes.ts';
import type { Instance } from './instance.ts';
import type { Services } from './services.ts';

/** What the balance of experts does to the instances of a pool. */
export interface ExpertBalanceNow {
  /** (slowest - mean) / mean of the ranks, of an instance that is whole or has lost dies. */
  imbalance(lost: LostDies | undefined): number;
  /** Shares of the planes' rates that weights on their way leave, by plane; empty: all of them. */
  readonly left: readonly number[];
}

/** Prices of instances: whoever has a cause says so here, and all causes of an instance are put together in one price. */
export class Prices {
  readonly #service: Services;
  readonly #pricedUnder: PricedUnder;
  readonly #links: Map<Instance, readonly number[]> = new Map();
  readonly #lost: Map<Instance, LostDies> = new Map();
  /** By pool. */
  readonly #experts: Map<number, ExpertBalanceNow> = new Map();
  readonly #known: Map<string, StepPricer> = new Map();

  constructor(service: Services, priced: PricedUnder) {
    this.#service = service;
    this.#pricedUnder = priced;
  }

  /** Faults leave an instance these shares of the planes' rates, none of them 0. */
  links(instance: Instance, left: readonly number[]): void {
    this.#links.set(instance, left);
    this.#price(instance);
  }

  /** An instance goes on without some of its dies, or has all of them again. */
  lost(instance: Instance, lost: LostDies | undefined): void {
    if (lost === undefined) this.#lost.delete(instance);
    else this.#lost.set(instance, lost);
    this.#price(instance);
  }

  /** The experts of a pool are balanced like this from now. */
  experts(pool: number, now: ExpertBalanceNow): void {
    this.#experts.set(pool, now);
    const { instances, plant } = this.#service.pools[pool];
    for (const instance of instances.slice(0, plant.instances)) this.#price(instance);
  }

  /** How many times as long iterations take on an instance, and what they wait for beside their work. */
  pace(instance: Instance, slowdown: number, delay: ((batch: number, iteration: number) => Seconds) | undefined): void {
    for (const batch of instance.batches) {
      batch.slowdown = slowdown;
      batch.delay = delay === undefined ? undefined : (iteration) => delay(batch.index, iteration);
    }
  }

  #price(instance: Instance): void {
    const { index, plant } = this.#service.poolOf(instance);
    const experts = this.#experts.get(index);
    const lost = this.#lost.get(instance);
    const links = this.#links.get(instance) ?? [];
    const left = together(links, experts?.left ?? []);
    const causes: Causes = { left: left.every((share) => share === 1) ? [] : left, imbalance: experts?.imbalance(lost), lost };
    const pricer = isNothing(causes) ? plant.pricer : this.#of(index, causes);
    for (const batch of instance.batches) batch.pricer = pricer;
  }

  #of(pool: number, causes: Causes): StepPricer {
    const { left, imbalance, lost } = causes;
    // Which of its dies are lost does not matter beyond the balance.
    const gone = lost === undefined ? '' : [lost.ranks, lost.routed.length, lost.shared, lost.redundant].join(' ');
    const key = [pool, left.join(' '), imbalance, gone].join('/');
    let known = this.#known.get(key);
    if (known === undefined) {
      known = this.#pricedUnder(pool, causes);
      this.#known.set(key, known);
    }
    return known;
  }
}

/** What several leave of each plane. */
function together(one: readonly number[], other: readonly number[]): readonly number[] {
  return Array.from({ length: Math.max(one.length, other.length) }, (_, p) => (one[p] ?? 1) * (other[p] ?? 1));
}

function isNothing({ left, imbalance, lost }: Causes): boolean {
  return left.length === 0 && imbalance === undefined && lost === undefined;
}
