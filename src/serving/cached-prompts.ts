import type { Bytes } from '../base/units.ts';
import type { CachePlant } from './plant.ts';
import { PrefixPool } from './prefix-pool.ts';
import type { World } from './world.ts';

/** The pooled prefix cache at work: what it finds is read, what it lacks is written, what its memory drops is stored (CAC-2, CAC-5). */
export class CachedPrompts {
  readonly pool: PrefixPool;
  readonly #world: World;
  readonly #plant: CachePlant;

  constructor(world: World, plant: CachePlant) {
    this.#world = world;
    this.#plant = plant;
    this.pool = new PrefixPool(world.table, plant);
    world.transport.onKept = (kept) => {
      this.pool.land(kept, world.now);
      this.#spill();
    };
  }

  /** Prompt tokens whose KV is in the pool. */
  lookUp(slot: number): number {
    const tokens = this.pool.lookUp(slot, this.#world.now);
    this.#spill();
    return tokens;
  }

  /** Reads what the last look-up, of `slot`, has found into a prefill rank, counted over all instances. Returns what travels. */
  read(slot: number, rank: number): Bytes {
    const { transport, now, table } = this.#world;
    const { found: byNode, stored } = this.pool;
    return transport.read(now, slot, rank, { byNode, stored, unitBytes: table.blockTokens[slot] * this.#plant.bytesPerToken });
  }

  /** Writes what the pool lacks of a prompt that a rank has computed. */
  keep(slot: number, rank: number): void {
    const { transport, now } = this.#world;
    const kept = this.pool.keep(slot, now);
    this.#spill();
    if (kept !== undefined) transport.write(now, rank, kept, this.#plant.bytesPerToken);
  }

  /** Prefill ranks from one to before another are lost, and with them what they were writing. */
  lose(from: number, to: number): void {
    this.#world.transport.cancelWrites(this.#world.now, from, to);
  }

  #spill(): void {
    const units = this.pool.takeSpilt();
    if (units > 0) this.#world.transport.spill(this.#world.now, units, this.pool.unitTokens * this.#plant.bytesPerToken);
  }
}
