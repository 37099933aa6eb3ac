import { enlarged } from '../kernel/enlarged.ts';

/** Ranks of an instance by a small count of each: lists that a rank moves between as its count goes up or down by one. */
export class RanksByCount {
  readonly of: Int32Array;
  readonly #ranks: number;
  /** Place of each rank in the list of its count. */
  readonly #place: Int32Array;
  /** By count, a list of the ranks that have it, as many as `#sizes` says. */
  readonly #lists: Int32Array[] = [];
  #sizes: Int32Array<ArrayBuffer> = new Int32Array(16);
  #least = 0;

  constructor(ranks: number) {
    this.#ranks = ranks;
    this.of = new Int32Array(ranks);
    this.#place = new Int32Array(ranks);
    for (let rank = 0; rank < ranks; rank++) this.#enter(rank, 0);
  }

  /** No rank has more. */
  get most(): number {
    return this.#lists.length - 1;
  }

  /** The least count of a rank. */
  get least(): number {
    return this.#least;
  }

  /** How many ranks have this count. */
  size(count: number): number {
    return count < this.#lists.length ? this.#sizes[count] : 0;
  }

  /** The first `size` are the ranks of this count, which is at most `most`, in no order that means anything. */
  list(count: number): Int32Array {
    return this.#lists[count];
  }

  increase(rank: number): void {
    const count = this.of[rank];
    this.#leave(rank, count);
    this.#enter(rank, count + 1);
    if (count === this.#least && this.#sizes[count] === 0) this.#least++;
  }

  decrease(rank: number): void {
    const count = this.of[rank];
    this.#leave(rank, count);
    this.#enter(rank, count - 1);
    if (count === this.#least) this.#least--;
  }

  /** Sets a count to nothing. */
  clear(rank: number): void {
    while (this.of[rank] > 0) this.decrease(rank);
  }

  #enter(rank: number, count: number): void {
    if (count === this.#lists.length) this.#lists.push(new Int32Array(this.#ranks));
    if (count === this.#sizes.length) this.#sizes = enlarged(this.#sizes, new Int32Array(2 * count));
    const at = this.#sizes[count]++;
    this.#lists[count][at] = rank;
    this.#place[rank] = at;
    this.of[rank] = count;
  }

  #leave(rank: number, count: number): void {
    const list = this.#lists[count];
    const last = list[--this.#sizes[count]];
    const at = this.#place[rank];
    list[at] = last;
    this.#place[last] = at;
  }
}
