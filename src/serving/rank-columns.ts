import { Bits } from '../kernel/bits.ts';
import { DeepestRanks } from './deepest-ranks.ts';
import type { PoolPlant } from './plant.ts';
import { RanksByCount } from './ranks-by-count.ts';

/** What every iteration looks at of each rank of an instance, side by side by rank. */
export class RankColumns {
  /** Sequences that decode; those that hold a place there or were promised one. */
  readonly decoding: Int32Array;
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
  readonly phases: Int32Array;
  /** By remainder, ranks on which some sequence has it. */
  readonly growing: readonly Bits[];
  /** Ranks on which sequences may be about to join, or prompts may wait or be under way. */
  readonly awake: Bits;
  /** KV blocks in use, shared with the instance's other batches in flight. */
  readonly used: Int32Array;
  /** One count: how often blocks were given back, or ranks were closed or opened. */
  readonly freed: Int32Array;
  /** KV blocks of each rank, and tokens of a block. */
  readonly kvBlocks: number;
  readonly blockTokens: number;
  /** Blocks of a sequence whatever its length. */
  readonly stateBlocks: number;
  readonly #maxSequences: number;

  /** @param used KV blocks in use of each rank, `freed`: how often any were given back */
  constructor(
    { kvBlocks, blockTokens, stateBlocks, maxSequences }: Pick<PoolPlant, 'kvBlocks' | 'blockTokens' | 'stateBlocks' | 'maxSequences'>,
    used: Int32Array,
    freed: Int32Array = new Int32Array(1),
  ) {
    const ranks = used.length;
    this.kvBlocks = kvBlocks;
    this.blockTokens = blockTokens;
    this.stateBlocks = stateBlocks;
    this.used = used;
    this.freed = freed;
    this.decoding = new Int32Array(ranks);
    this.places = new RanksByCount(ranks);
    this.#maxSequences = Math.min(maxSequences, 2 ** 31 - 1);
    this.most = new Int32Array(ranks).fill(this.#maxSequences);
    this.baseSum = new Float64Array(ranks);
    this.deepest = new DeepestRanks(this.decoding, this.baseSum);
    this.phases = new Int32Array(ranks * blockTokens);
    this.awake = new Bits(ranks);
    this.growing = Array.from({ length: blockTokens }, () => new Bits(ranks));
  }

  /** KV blocks of a sequence with so many tokens, those of its states included. */
  blocksFor(tokens: number): number {
    return Math.ceil(tokens / this.blockTokens) + this.stateBlocks;
  }

  /** The remainder of sequences that need a block for the token behind so many of the instance. */
  phase(tokens: number): number {
    const rest = tokens % this.blockTokens;
    return rest === 0 ? 0 : this.blockTokens - rest;
  }

  /** Blocks that the sequences of a rank need to grow from `tokens` to `tokens + growth` on the instance's token count. */
  growth(rank: number, tokens: number, growth: number): number {
    let blocks = 0;
    for (let k = 0; k < growth; k++) blocks += this.phases[this.phase(tokens + k) * this.used.length + rank];
    return blocks;
  }

  /** A sequence begins to decode on a rank (`by` 1), or no longer does (-1). */
  count(rank: number, base: number, by: number): void {
    const rest = base % this.blockTokens;
    const before = this.decoding[rank];
    this.decoding[rank] = before + by;
    this.baseSum[rank] += by * base;
    this.sequences += by;
    this.base += by * base;
    this.deepest.moved(rank, before);
    const phase = rest < 0 ? rest + this.blockTokens : rest;
    const at = phase * this.used.length + rank;
    this.phases[at] += by;
    if (this.phases[at] === 0) this.growing[phase].delete(rank);
    else this.growing[phase].add(rank);
  }

  /** Only these ranks take no sequence. */
  close(ranks: ReadonlySet<number>): void {
    for (let rank = 0; rank < this.most.length; rank++) this.most[rank] = ranks.has(rank) ? 0 : this.#maxSequences;
    this.freed[0]++;
  }

  clear(rank: number): void {
    const before = this.decoding[rank];
    this.sequences -= before;
    this.base -= this.baseSum[rank];
    this.decoding[rank] = 0;
    this.baseSum[rank] = 0;
    this.deepest.moved(rank, before);
    this.places.clear(rank);
    this.awake.delete(rank);
    for (let at = rank; at < this.phases.length; at += this.used.length) this.phases[at] = 0;
    for (const ranks of this.growing) ranks.delete(rank);
  }
}
