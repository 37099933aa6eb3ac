import { enlarged } from '../kernel/enlarged.ts';

const none = -1;
const unknown = -2;

/**
 * Of the ranks with equally many decoding sequences, the one with the most context: all of them grow alike, so that it stays so until a sequence comes
 * or goes. The first one of equals.
 */
export class DeepestRanks {
  readonly #decoding: Int32Array;
  readonly #baseSum: Float64Array;
  /** By number of sequences: how many ranks have it, and the deepest of them. */
  #ranks: Int32Array<ArrayBuffer> = new Int32Array(64);
  #deepest: Int32Array<ArrayBuffer> = new Int32Array(64).fill(none);
  /** Most sequences of a rank. */
  most = 0;

  /**
   * @param decoding [rank] sequences
   * @param baseSum [rank] their context, but for what all sequences have in common
   */
  constructor(decoding: Int32Array, baseSum: Float64Array) {
    this.#decoding = decoding;
    this.#baseSum = baseSum;
  }

  /** The deepest rank with so many sequences, at least one; -1 where there is none. */
  of(sequences: number): number {
    if (this.#deepest[sequences] === unknown) this.#find(sequences);
    return this.#deepest[sequences];
  }

  /** A rank has another number of sequences than before, and their sum. */
  moved(rank: number, before: number): void {
    const now = this.#decoding[rank];
    if (before > 0) {
      if (--this.#ranks[before] === 0) this.#deepest[before] = none;
      else if (this.#deepest[before] === rank) this.#deepest[before] = unknown;
    }
    if (now > 0) {
      if (now >= this.#ranks.length) this.#grow(now);
      this.#ranks[now]++;
      const other = this.#deepest[now];
      if (other === none || (other >= 0 && this.#isDeeper(rank, other))) this.#deepest[now] = rank;
    }
    if (now > this.most) this.most = now;
    while (this.most > 0 && this.#ranks[this.most] === 0) this.most--;
  }

  #isDeeper(rank: number, other: number): boolean {
    const own = this.#baseSum[rank];
    const least = this.#baseSum[other];
    return own > least || (own === least && rank < other);
  }

  #find(sequences: number): void {
    const decoding = this.#decoding;
    let deepest = none;
    for (let rank = 0; rank < decoding.length; rank++)
      if (decoding[rank] === sequences && (deepest === none || this.#baseSum[rank] > this.#baseSum[deepest])) deepest = rank;
    this.#deepest[sequences] = deepest;
  }

  #grow(sequences: number): void {
    this.#ranks = enlarged(this.#ranks, new Int32Array(2 * sequences));
    this.#deepest = enlarged(this.#deepest, new Int32Array(2 * sequences).fill(none));
  }
}
