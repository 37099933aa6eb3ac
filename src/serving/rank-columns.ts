import { Bits } from '../kernel/bits.ts';
import type { BlocksInUse } from './blocks-in-use.ts';
import { DeepestRanks } from './deepest-ranks.ts';
import type { PoolPlant } from './plant.ts';
import { RanksByCount } from './ranks-by-count.ts';
import { SlotGroups } from './slot-groups.ts';
import { SlotLists, type SlotColumns } from './slot-lists.ts';

/** What every iteration looks at of each rank of an instance, side by side by rank. */
export class RankColumns {
  /** Sequences that decode: how many, and which. */
  readonly decoding: Int32Array;
  readonly members: SlotGroups;
  /** Sequences whose KV has arrived: they decode from the next step on. And the ranks that have some. */
  readonly ready: SlotLists;
  readonly joining: Bits;
  /** Those that hold a place there or were promised one. */
  readonly places: RanksByCount;
  /** How many may. */
  readonly most: Int32Array;
  /** Sum over decoding sequences of their KV tokens less the instance's token count. */
  readonly baseSum: Float64Array;
  /** Both over all ranks. */
  sequences = 0;
  base = 0;
  readonly deepest: DeepestRanks;
  /** Decoding sequences by `base` modulo the block size: of each remainder, by rank. */
  readonly phases: Uint8Array | Int32Array;
  /** By remainder, ranks on which some sequence has it: rows of as many words as `awake` has. */
  readonly growing: Bits;
  /** Ranks on which prompts may wait or be under way. */
  readonly awake: Bits;
  /** KV blocks in use, shared with the instance's other batches in flight. */
  readonly used: Int32Array;
  readonly inUse: BlocksInUse;
  /** Sequences that were let in so far. */
  readonly admissions: Float64Array;
  /** KV blocks of each rank, and tokens of a block. */
  readonly kvBlocks: number;
  readonly blockTokens: number;
  /** Blocks of a sequence whatever its length. */
  readonly stateBlocks: number;
  readonly #maxSequences: number;

  constructor(
    { kvBlocks, blockTokens, stateBlocks, maxSequences }: Pick<PoolPlant, 'kvBlocks' | 'blockTokens' | 'stateBlocks' | 'maxSequences'>,
    inUse: BlocksInUse,
    table: SlotColumns,
  ) {
    const ranks = inUse.of.length;
    this.kvBlocks = kvBlocks;
    this.blockTokens = blockTokens;
    this.stateBlocks = stateBlocks;
    this.inUse = inUse;
    this.used = inUse.of;
    this.members = new SlotGroups(ranks, table, Math.min(maxSequences, 128));
    this.decoding = this.members.sizes;
    this.ready = new SlotLists(ranks, table);
    this.admissions = new Float64Array(ranks);
    this.places = new RanksByCount(ranks);
    this.#maxSequences = Math.min(maxSequences, 2 ** 31 - 1);
    this.most = new Int32Array(ranks).fill(this.#maxSequences);
    this.baseSum = new Float64Array(ranks);
    this.deepest = new DeepestRanks(this.decoding, this.baseSum);
    // Small numbers where there are no others: what a sequence looks at lies anywhere in it.
    this.phases = new (maxSequences < 256 ? Uint8Array : Int32Array)(ranks * blockTokens);
    this.awake = new Bits(ranks);
    this.joining = new Bits(ranks);
    this.growing = new Bits(blockTokens * 32 * this.awake.words.length);
  }

  /** KV blocks of a sequence with so many tokens, those of its states included. */
  blocksFor(tokens: number): number {
    return Math.ceil(tokens / this.blockTokens) + this.stateBlocks;
  }

  /** The remainder of sequences that need a block for the token behind so many of the instance. */
  phase(tokens: number): number {
    return this.#remainder(-tokens);
  }

  /** Blocks that the sequences of a rank need for `growth` tokens behind so many of the instance that have this phase. */
  growth(rank: number, phase: number, growth: number): number {
    const { phases, blockTokens } = this;
    const ranks = this.used.length;
    let blocks = 0;
    for (let k = 0, at = phase; k < growth; k++) {
      blocks += phases[at * ranks + rank];
      at = at === 0 ? blockTokens - 1 : at - 1;
    }
    return blocks;
  }

  /** The KV of a sequence has arrived. */
  arrive(rank: number, slot: number): void {
    this.ready.push(rank, slot);
    this.joining.add(rank);
  }

  /** A sequence begins to decode on a rank. */
  join(rank: number, slot: number, base: number): void {
    this.members.add(rank, slot);
    this.#count(rank, base, 1);
  }

  /** It no longer does. */
  leave(rank: number, slot: number, base: number): void {
    this.members.remove(rank, slot);
    this.#count(rank, base, -1);
  }

  #count(rank: number, base: number, by: number): void {
    this.baseSum[rank] += by * base;
    this.sequences += by;
    this.base += by * base;
    this.deepest.moved(rank, this.decoding[rank] - by);
    const phase = this.#remainder(base);
    const at = phase * this.used.length + rank;
    this.phases[at] += by;
    const bit = phase * 32 * this.awake.words.length + rank;
    if (this.phases[at] === 0) this.growing.delete(bit);
    else this.growing.add(bit);
  }

  /** What a whole number is above a multiple of the block size. */
  #remainder(tokens: number): number {
    return tokens - Math.floor(tokens / this.blockTokens) * this.blockTokens;
  }

  /** Only these ranks take no sequence. */
  close(ranks: ReadonlySet<number>): void {
    for (let rank = 0; rank < this.most.length; rank++) this.most[rank] = ranks.has(rank) ? 0 : this.#maxSequences;
    this.inUse.reopen();
  }

  clear(rank: number): void {
    const before = this.decoding[rank];
    this.sequences -= before;
    this.base -= this.baseSum[rank];
    this.members.clear(rank);
    this.ready.take(rank);
    this.joining.delete(rank);
    this.baseSum[rank] = 0;
    this.deepest.moved(rank, before);
    this.places.clear(rank);
    this.awake.delete(rank);
    for (let phase = 0; phase < this.blockTokens; phase++) {
      this.phases[phase * this.used.length + rank] = 0;
      this.growing.delete(phase * 32 * this.awake.words.length + rank);
    }
  }
}
