import { IntList } from '../kernel/int-list.ts';
import type { RankAdapters } from './adapters/rank-adapters.ts';
import type { KvBlocks } from './kv-blocks.ts';
import { Fifo } from './policies/fifo.ts';
import type { RankView } from './policies/router.ts';
import type { WaitingQueue } from './policies/waiting-queue.ts';
import type { PrefixCache } from './prefix-cache.ts';
import type { RankColumns } from './rank-columns.ts';
import { cachedUnits } from './shared-prefixes.ts';
import type { RequestInTable } from './views.ts';

/**
 * One data-parallel rank, or the part of it that is in one of the batches in flight: its queue, what it runs, and its KV blocks. The KV lengths of decoding sequences are kept as a sum and a
 * histogram: all of them grow by the same number of tokens in a step (`Instance` counts them), so that a step costs the same
 * however many sequences there are.
 */
export class Rank implements RankView<RequestInTable> {
  readonly waiting: WaitingQueue;
  /** Slots that came while an iteration ran, where the next one is formed by then. */
  readonly late: Fifo = new Fifo();
  /** Slots whose prompt is being computed, in order of admission, and the tokens that the running step computes of each. */
  readonly prefilling: IntList = new IntList();
  readonly chunks: IntList = new IntList();
  /** What it has in common with the other ranks of its instance, and its place there. */
  readonly columns: RankColumns;
  readonly at: number;
  /** KV blocks, shared with the rank's other batches in flight. */
  readonly kv: KvBlocks;
  readonly blockTokens: number;
  /** Absent where no adapters are served. */
  adapters: RankAdapters | undefined;
  /** Prompt tokens that are queued or under way and not yet computed. */
  queuedTokens = 0;

  /** Its number over the ranks of all instances of the pool. */
  readonly index: number;

  /**
   * @param at its place in `columns`
   * @param queue makes the queue of prompts that wait on it
   */
  constructor(kv: KvBlocks, columns: RankColumns, at: number, index: number, queue: (rank: Rank) => WaitingQueue) {
    this.index = index;
    this.kv = kv;
    this.blockTokens = kv.blockTokens;
    this.columns = columns;
    this.at = at;
    kv.holders.push(this);
    this.waiting = queue(this);
  }

  /** Sequences that hold a place: decoding, prefilling, about to join, promised. */
  get sequences(): number {
    return this.columns.places.of[this.at] + this.prefilling.length;
  }

  /** Decoding slots as they are now, in no order. */
  get members(): Int32Array {
    return this.columns.members.of(this.at);
  }

  /** Sequences that were promised a place here and have not come yet. */
  get reserved(): number {
    const { places, decoding, ready } = this.columns;
    return places.of[this.at] - decoding[this.at] - ready.size(this.at);
  }

  /** Sequences with a place, and prompts that wait for one. */
  get load(): number {
    return this.sequences + this.waiting.size + this.late.size;
  }

  /** KV that is in use. [tokens] */
  get usedTokens(): number {
    return this.kv.used * this.blockTokens;
  }

  /** Leading prompt tokens whose KV is on it. */
  cachedTokens({ table, slot }: RequestInTable): number {
    return this.cache === undefined ? 0 : cachedUnits(table, this, slot) * table.blockTokens[slot];
  }

  get usedBlocks(): number {
    return this.kv.used;
  }

  /** Blocks that can still be handed out, cached prefixes that nobody uses included. */
  get room(): number {
    return this.kv.total - this.kv.used;
  }

  get cache(): PrefixCache | undefined {
    return this.kv.cache;
  }

  /** KV blocks of one prefix unit. */
  get unitBlocks(): number {
    return this.kv.unitBlocks;
  }

  /** What was on it is lost; its blocks are cleared by their owner. */
  clear(): void {
    this.waiting.clear();
    this.late.clear();
    for (const list of [this.prefilling, this.chunks]) list.clear();
    this.columns.clear(this.at);
    this.queuedTokens = 0;
    this.kv.clear();
    this.adapters?.clear();
  }
}
