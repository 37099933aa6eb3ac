import type { Seconds } from '../../base/units.ts';
import { counterUniform } from '../../kernel/random.ts';
import type { Dies } from '../dies.ts';
import type { Instance } from '../instance.ts';
import type { Prices } from '../prices.ts';
import type { Jitter, PlannedFault } from './fault.ts';

/** What a fault does to the planes: the links it holds down, and what it leaves an instance with. */
export interface PlaneDamage {
  add(fault: PlannedFault): void;
  remove(fault: PlannedFault): void;
  /** Shares of the rates of exchanges that dies of an instance have left, by plane; 0 where they are cut off, 1 for planes that the instance does not use. */
  left(instance: Instance, dies: readonly number[]): readonly number[];
}

/** What faults that stop nothing do to iterations: links that carry less, dies that are slow or make others wait (FLT-5, FLT-6, FLT-8). */
export class Strain {
  readonly #dies: Dies;
  readonly #prices: Prices;
  readonly #planes: PlaneDamage | undefined;
  readonly #seed: number;
  /** Shares of the planes' rates that instances had left when they were last priced. */
  readonly #left = new Map<Instance, readonly number[]>();
  /** Faults that make dies slow or wait. */
  readonly #slow = new Set<PlannedFault>();

  constructor(dies: Dies, prices: Prices, planes: PlaneDamage | undefined, seed: number) {
    this.#dies = dies;
    this.#prices = prices;
    this.#planes = planes;
    this.#seed = seed;
  }

  slow(fault: PlannedFault): void {
    this.#slow.add(fault);
    this.#paceOf(this.#dies.on(fault.struck.dies));
  }

  /** A fault of dies that are slow, or of links, is over. */
  over(fault: PlannedFault): void {
    if (this.#slow.delete(fault)) this.#paceOf(this.#dies.on(fault.struck.dies));
    if (fault.struck.links.length === 0) return;
    this.#planes?.remove(fault);
    this.reprice();
  }

  /** Links are struck. Returns the instances whose exchanges have other rates now. */
  links(fault: PlannedFault): readonly Instance[] {
    this.#planes?.add(fault);
    return this.reprice();
  }

  /** Whether some dies of an instance still reach each other over the planes that it uses. */
  joins(instance: Instance, dies: readonly number[]): boolean {
    return (this.#planes?.left(instance, dies) ?? []).every((share) => share > 0);
  }

  /** An instance runs on other dies than before. */
  moved(instance: Instance): void {
    this.reprice();
    this.#paceOf([instance]);
  }

  /** What iterations of instances cost with the planes as they are. Returns those for which that has changed. */
  reprice(): readonly Instance[] {
    const planes = this.#planes;
    if (planes === undefined) return [];
    return this.#dies.instances.filter((instance) => {
      const left = planes.left(instance, this.#dies.used(instance));
      const before = this.#left.get(instance) ?? [];
      if (left.every((share, p) => share === (before[p] ?? 1))) return false;
      this.#left.set(instance, left);
      if (left.every((share) => share > 0)) this.#prices.links(instance, left);
      return true;
    });
  }

  /** The slowest of its dies sets the pace of an instance; it waits for those that jitter. */
  #paceOf(instances: readonly Instance[]): void {
    for (const instance of instances) {
      const own = new Set(this.#dies.used(instance));
      const here = [...this.#slow].filter(({ struck }) => struck.dies.some((die) => own.has(die)));
      const least = here.reduce((slowest, { left }) => Math.min(slowest, left), 1);
      const jitters = here.flatMap(({ jitter }) => jitter ?? []);
      this.#prices.pace(instance, 1 / least, jitters.length === 0 ? undefined : (batch, iteration) => this.#late(jitters, batch, iteration));
    }
  }

  /** Draws of an iteration depend on its instance and number alone; where several make it wait, it waits for the longest. */
  #late(jitters: readonly Jitter[], instance: number, iteration: number): Seconds {
    let longest = 0;
    jitters.forEach(({ share, by }, j) => {
      const draw = counterUniform(Math.floor(this.#seed / 2 ** 32), this.#seed >>> 0, instance * 64 + j, iteration);
      if (draw < share) longest = Math.max(longest, by);
    });
    return longest;
  }
}
