import type { Bytes } from '../base/units.ts';
import type { CachePlant } from './plant.ts';
import { type Kept, PrefixPool } from './prefix-pool.ts';
import type { Found } from './transport.ts';
import type { World } from './world.ts';

/** The pooled prefix cache at work: what it finds is read, what it lacks is written, what its memory drops is stored (CAC-2, CAC-5). */
export class CachedPrompts {
  readonly pool: PrefixPool;
  readonly #world: World;
  readonly #plant: CachePlant;
  /** What queued prompts will read when their iteration is formed. */
  readonly #unread: Map<number, Found> = new Map();
  /** Prompts whose iteration waits for what they read. */
  readonly #awaited: Set<number> = new Set();

  readonly #land = (kept: Kept): void => {
    this.pool.land(kept, this.#world.now);
    this.#spill();
  };

  constructor(world: World, plant: CachePlant) {
    this.#world = world;
    this.#plant = plant;
    this.pool = new PrefixPool(world.table, plant);
    world.transport.onKept = this.#land;
  }

  /** Prompt tokens whose KV is in the pool. */
  lookUp(slot: number): number {
    const tokens = this.pool.lookUp(slot, this.#world.now);
    this.#spill();
    return tokens;
  }

  /** Whether what is found is read in the iteration of the prompt (CAC-7). */
  get inStep(): boolean {
    return this.#plant.readInStep === true;
  }

  /** Reads what the last look-up, of `slot`, has found into a prefill rank, counted over all instances. Returns what travels. */
  read(slot: number, rank: number): Bytes {
    return this.#world.transport.read(this.#world.now, slot, rank, this.#found(slot));
  }

  /** Keeps in mind what the last look-up, of `slot`, has found, to be read when its iteration is formed. */
  postpone(slot: number): void {
    const found = this.#found(slot);
    this.#unread.set(slot, { ...found, byNode: Int32Array.from(found.byNode) });
  }

  /** Reads what was postponed, if anything was: an iteration waits for it. Returns what travels. */
  readNow(slot: number, rank: number): Bytes | undefined {
    const found = this.#unread.get(slot);
    if (found === undefined) return undefined;
    this.#unread.delete(slot);
    this.#awaited.add(slot);
    return this.#world.transport.read(this.#world.now, slot, rank, found);
  }

  /** What a prompt reads has come, or will not: whether an iteration waited for it. */
  settle(slot: number): boolean {
    this.#unread.delete(slot);
    return this.#awaited.delete(slot);
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

  #found(slot: number): Found {
    const { found: byNode, stored } = this.pool;
    return { byNode, stored, unitBytes: this.#world.table.blockTokens[slot] * this.#plant.bytesPerToken };
  }

  #spill(): void {
    const units = this.pool.takeSpilt();
    if (units > 0) this.#world.transport.spill(this.#world.now, units, this.pool.unitTokens * this.#plant.bytesPerToken);
  }
}
