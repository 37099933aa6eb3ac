import type { Seconds } from '../../base/units.ts';
import type { AdapterCost } from '../../cost/lora.ts';

/** Adapters of a pool as the engine runs them. */
export interface AdapterPlant {
  readonly rank: number;
  /** Adapters that are resident at once on each data-parallel rank. */
  readonly slots: number;
  readonly cost: AdapterCost;
  /** Of one adapter from host memory, all dies of a rank at once. */
  readonly load: Seconds;
}

/** What adapters add to one iteration. */
export interface AdapterWork {
  readonly products: Seconds;
  readonly loading: Seconds;
  /** Prompts that started: their adapter was resident, or was loaded. */
  readonly hits: number;
  readonly loads: number;
  /** Whether a prompt waits since all slots are in use. */
  readonly held: boolean;
}

/** Sums of that over iterations. */
export class AdapterMeter {
  hits = 0;
  loads = 0;
  products: Seconds = 0;
  loading: Seconds = 0;
  /** Time of iterations in which a prompt waited for a slot. */
  held: Seconds = 0;

  add({ hits, loads, products, loading, held }: AdapterWork, duration: Seconds): void {
    this.hits += hits;
    this.loads += loads;
    this.products += products;
    this.loading += loading;
    if (held) this.held += duration;
  }

  merge(other: AdapterMeter): void {
    this.hits += other.hits;
    this.loads += other.loads;
    this.products += other.products;
    this.loading += other.loading;
    this.held += other.held;
  }
}
