import type { Instance } from './instance.ts';
import type { Pool } from './pools.ts';

/** Which dies an instance runs on. Instances that serve from the beginning take the machine's dies in order, pool by pool; what is left over is spare. */
export class Dies {
  /** By instance (batches in flight of one pipeline share theirs): indices over the machine. */
  readonly #of = new Map<Instance, number[]>();
  readonly #owner: (Instance | undefined)[];
  /** How many faults hold a die down. */
  readonly #dead: Int32Array;
  /** Places of dies that an instance goes on without, among its own. */
  readonly #idle = new Map<Instance, ReadonlySet<number>>();
  /** Told of an instance that has other dies than before, or none any more. */
  onMoved: (instance: Instance) => void = () => {};

  /** @param perInstance dies of an instance, by pool; @param count dies of the machine */
  constructor(pools: readonly Pool[], perInstance: readonly number[], count: number) {
    this.#owner = Array.from({ length: count }, () => undefined);
    this.#dead = new Int32Array(count);
    let next = 0;
    pools.forEach(({ plant, instances }, p) => {
      for (const instance of instances.slice(0, plant.atStart ?? plant.instances)) {
        const dies = Array.from({ length: perInstance[p] }, () => next++);
        for (const die of dies) this.#owner[die] = instance;
        this.#of.set(instance, dies);
      }
    });
  }

  /** Gives an instance that has no dies the first free ones, if there are enough. Returns whether it has them. */
  take(instance: Instance, count: number): boolean {
    const free = this.#owner.flatMap((owner, die) => (owner === undefined && this.#dead[die] === 0 ? [die] : [])).slice(0, count);
    if (free.length < count) return false;
    for (const die of free) this.#owner[die] = instance;
    this.#of.set(instance, free);
    this.onMoved(instance);
    return true;
  }

  /** Nothing runs on the dies of an instance any more. */
  give(instance: Instance): void {
    for (const die of this.of(instance)) this.#owner[die] = undefined;
    this.#of.delete(instance);
    this.#idle.delete(instance);
    this.onMoved(instance);
  }

  /** The first batch in flight of each instance that has dies. */
  get instances(): readonly Instance[] {
    return [...this.#of.keys()];
  }

  of(instance: Instance): readonly number[] {
    return this.#of.get(instance) ?? [];
  }

  /** Those of its dies that it runs on. */
  used(instance: Instance): readonly number[] {
    const idle = this.#idle.get(instance);
    return idle === undefined ? this.of(instance) : this.of(instance).filter((_, place) => !idle.has(place));
  }

  /** An instance goes on without the dies at some places among its own; with none, on all of them. */
  leave(instance: Instance, places: ReadonlySet<number>): void {
    if (places.size === 0) this.#idle.delete(instance);
    else this.#idle.set(instance, places);
  }

  /** Instances that run on any of these dies, each once. */
  on(dies: readonly number[]): readonly Instance[] {
    const owners = new Set(dies.flatMap((die) => this.#owner[die] ?? []));
    return [...owners].filter((instance) => !this.#idle.has(instance) || this.used(instance).some((die) => dies.includes(die)));
  }

  strike(dies: readonly number[]): void {
    for (const die of dies) this.#dead[die]++;
  }

  heal(dies: readonly number[]): void {
    for (const die of dies) this.#dead[die]--;
  }

  /** Whether all of its dies work. */
  whole(instance: Instance): boolean {
    return this.of(instance).every((die) => this.#dead[die] === 0);
  }

  /** Whether all dies that it runs on work. */
  runs(instance: Instance): boolean {
    return this.used(instance).every((die) => this.#dead[die] === 0);
  }

  /** Places of its dead dies among its own. */
  deadPlaces(instance: Instance): readonly number[] {
    return this.of(instance).flatMap((die, place) => (this.#dead[die] > 0 ? [place] : []));
  }

  /** Puts whole spare dies in the place of an instance's dead ones, if there are enough. Returns whether it is whole. */
  replace(instance: Instance): boolean {
    const dies = this.#of.get(instance) as number[];
    const spare = this.#owner.flatMap((owner, die) => (owner === undefined && this.#dead[die] === 0 ? [die] : []));
    const dead = dies.filter((die) => this.#dead[die] > 0);
    if (dead.length > spare.length) return false;
    dead.forEach((die, i) => {
      dies[dies.indexOf(die)] = spare[i];
      this.#owner[die] = undefined;
      this.#owner[spare[i]] = instance;
    });
    return true;
  }
}
