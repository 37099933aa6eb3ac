import { Fifo } from './fifo.ts';
import { PrefixCache } from './prefix-cache.ts';

/**
 * One data-parallel rank: its queue, what it runs, and its KV blocks. The KV lengths of decoding sequences are kept as a sum and a
 * histogram: all of them grow by the same number of tokens in a step (`Instance` counts them), so that a step costs the same
 * however many sequences there are.
 */
export class Rank {
  readonly waiting: Fifo = new Fifo();
  /** Slots that came while an iteration ran, where the next one is formed by then. */
  readonly late: Fifo = new Fifo();
  /** Slots whose prompt is being computed, in order of admission, and the tokens that the running step computes of each. */
  readonly prefilling: number[] = [];
  chunks: number[] = [];
  /** Slots whose KV has arrived: they decode from the next step on. */
  readonly ready: number[] = [];
  /** Decoding slots, in no order. */
  readonly members: number[] = [];
  /** Sum over members of their KV tokens less the instance's token count. */
  baseSum = 0;
  /** Members by `base` modulo the block size. */
  readonly phases: Int32Array;
  readonly totalBlocks: number;
  readonly blockTokens: number;
  /** KV blocks that running or promised requests hold, pinned prefix blocks once. */
  usedBlocks = 0;
  /** Sequences that were promised a place here. */
  reserved = 0;
  /** Prompt tokens that are queued or under way and not yet computed. */
  queuedTokens = 0;
  admissions = 0;
  /** Prefix blocks kept in free KV blocks; absent where prefixes are not cached here. */
  cache: PrefixCache | undefined;
  /** KV blocks of one prefix unit. */
  unitBlocks = 0;

  constructor(totalBlocks: number, blockTokens: number) {
    this.totalBlocks = totalBlocks;
    this.blockTokens = blockTokens;
    this.phases = new Int32Array(blockTokens);
  }

  /** Sequences that hold a place: decoding, prefilling, about to join, promised. */
  get sequences(): number {
    return this.members.length + this.prefilling.length + this.ready.length + this.reserved;
  }

  /** Blocks that can still be handed out, cached prefixes that nobody uses included. */
  get room(): number {
    return this.totalBlocks - this.usedBlocks;
  }

  /** The rank's prefix cache, in units of `unitTokens`, a multiple of the block size; made when it is first asked for. */
  prefixes(unitTokens: number): PrefixCache {
    this.unitBlocks = unitTokens / this.blockTokens;
    this.cache ??= new PrefixCache(Infinity);
    return this.cache;
  }

  /** Takes blocks (at most `room`), dropping cached prefixes that nobody uses where they are in the way. */
  take(blocks: number): void {
    this.usedBlocks += blocks;
    this.fit();
  }

  give(blocks: number): void {
    this.usedBlocks -= blocks;
  }

  /** Evicts until cached and used blocks fit. */
  fit(): void {
    const cache = this.cache;
    if (cache === undefined) return;
    while (this.usedBlocks + cache.evictable * this.unitBlocks > this.totalBlocks && cache.evict());
  }

  /** Blocks that the members need to grow from `tokens` to `tokens + growth` on the instance's token count. */
  growth(tokens: number, growth: number): number {
    let blocks = 0;
    for (let k = 0; k < growth; k++) {
      const phase = (tokens + k) % this.blockTokens;
      blocks += this.phases[phase === 0 ? 0 : this.blockTokens - phase];
    }
    return blocks;
  }
}
