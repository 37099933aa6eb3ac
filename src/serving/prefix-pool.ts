import type { CachePlant } from './plant.ts';
import { PrefixCache } from './prefix-cache.ts';
import type { RequestTable } from './request-table.ts';

/** The prefix cache in pooled host memory: looked up on arrival, written through when a prompt has been computed (CAC-2). */
export class PrefixPool {
  readonly #table: RequestTable;
  readonly #plant: CachePlant;
  readonly cache: PrefixCache = new PrefixCache(0);
  /** Tokens of a unit, set by the first prompt that is written. */
  unitTokens = 0;

  constructor(table: RequestTable, plant: CachePlant) {
    this.#table = table;
    this.#plant = plant;
  }

  /** [B] */
  get used(): number {
    return this.cache.size * this.unitTokens * this.#plant.bytesPerToken;
  }

  /** Prompt tokens whose KV is in the pool, now the most recently used; at least one token is left to compute. */
  lookUp(slot: number): number {
    const table = this.#table;
    const unit = table.blockTokens[slot];
    if (unit === 0) return 0;
    const ids = table.blocks[slot];
    const units = this.cache.match(ids, Math.min(ids.length, Math.floor((table.prompt[slot] - 1) / unit)));
    this.cache.touch(ids, units);
    return units * unit;
  }

  /** Writes a computed prompt's prefix, of its units as many as fit. */
  write(slot: number): void {
    const { cache } = this;
    const unit = this.#table.blockTokens[slot];
    if (unit === 0) return;
    if (this.unitTokens === 0) {
      this.unitTokens = unit;
      cache.capacity = Math.floor(this.#plant.capacity / (unit * this.#plant.bytesPerToken));
    }
    const ids = this.#table.blocks[slot];
    // What is there already is used first, so that what is added drops other prefixes, or units too deep to be kept.
    const kept = Math.min(ids.length, cache.capacity);
    cache.touch(ids, kept);
    for (let i = 0; i < kept; i++) if (!cache.has(ids[i])) cache.add(ids[i]);
    cache.touch(ids, kept);
  }
}
