import { BlocksInUse } from './blocks-in-use.ts';
import { PrefixCache } from './prefix-cache.ts';
import type { PrefixWatcher } from './prefix-watcher.ts';

/** The KV blocks of one rank: what requests hold of them, and prefixes that are kept in the others. Batches in flight share them. */
export class KvBlocks {
  readonly total: number;
  readonly blockTokens: number;
  /** The parts of the rank that share them, one in each batch in flight. */
  readonly holders: { readonly sequences: number }[] = [];
  /** Prefix blocks kept in free KV blocks; absent where prefixes are not cached here. */
  cache: PrefixCache | undefined;
  /** Of the cache. */
  watcher: PrefixWatcher | undefined;
  /** KV blocks of one prefix unit. */
  unitBlocks = 0;

  readonly #used: BlocksInUse;
  readonly #rank: number;

  /** @param used blocks in use of each rank of the instance, of which this is one */
  constructor(total: number, blockTokens: number, used: BlocksInUse = new BlocksInUse(1), rank: number = 0) {
    this.total = total;
    this.blockTokens = blockTokens;
    this.#used = used;
    this.#rank = rank;
  }

  /** Sequences with a place, in all batches. */
  get sequences(): number {
    let sequences = 0;
    for (const holder of this.holders) sequences += holder.sequences;
    return sequences;
  }

  /** Held by running or promised requests, pinned prefix blocks once. */
  get used(): number {
    return this.#used.of[this.#rank];
  }

  /** Blocks that can still be handed out, cached prefixes that nobody uses included. */
  get room(): number {
    return this.total - this.used;
  }

  /** The rank's prefix cache, in units of `unitTokens`, a multiple of the block size; made when it is first asked for. */
  prefixes(unitTokens: number): PrefixCache {
    this.unitBlocks = unitTokens / this.blockTokens;
    if (this.cache === undefined) {
      this.cache = new PrefixCache();
      this.cache.watcher = this.watcher;
    }
    return this.cache;
  }

  /** Takes blocks (at most `room`), dropping cached prefixes that nobody uses where they are in the way. */
  take(blocks: number): void {
    this.#used.add(this.#rank, blocks);
    const { cache } = this;
    if (cache === undefined) return;
    const over = this.used + cache.evictable * this.unitBlocks - this.total;
    if (over > 0) cache.evict(Math.ceil(over / this.unitBlocks));
  }

  /** What was in the memory is lost. */
  clear(): void {
    this.#used.add(this.#rank, -this.used);
    this.cache?.clear();
  }

  give(blocks: number): void {
    this.#used.add(this.#rank, -blocks);
  }
}
