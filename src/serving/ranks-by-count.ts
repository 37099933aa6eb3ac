const none = -1;

/** Ranks of an instance by a small count of each: lists that a rank moves between as its count goes up or down by one. */
export class RanksByCount {
  readonly of: Int32Array;
  readonly #next: Int32Array;
  readonly #previous: Int32Array;
  /** First rank of each count. */
  #first: Int32Array<ArrayBuffer>;
  #least = 0;

  constructor(ranks: number) {
    this.of = new Int32Array(ranks);
    this.#next = new Int32Array(ranks);
    this.#previous = new Int32Array(ranks);
    this.#first = new Int32Array(16).fill(none);
    for (let rank = ranks - 1; rank >= 0; rank--) this.#link(rank, 0);
  }

  /** No rank has more. */
  get most(): number {
    return this.#first.length - 1;
  }

  /** The least count of a rank. */
  get least(): number {
    return this.#least;
  }

  /** A rank of this count and, from there, the next one of it; -1 where there is none. In no order that means anything. */
  first(count: number): number {
    return count < this.#first.length ? this.#first[count] : none;
  }

  next(rank: number): number {
    return this.#next[rank];
  }

  increase(rank: number): void {
    const count = this.of[rank];
    this.#unlink(rank, count);
    if (count + 1 === this.#first.length) {
      const longer = new Int32Array(2 * this.#first.length).fill(none);
      longer.set(this.#first);
      this.#first = longer;
    }
    this.#link(rank, count + 1);
    if (count === this.#least && this.#first[count] === none) this.#least++;
  }

  decrease(rank: number): void {
    const count = this.of[rank];
    this.#unlink(rank, count);
    this.#link(rank, count - 1);
    if (count === this.#least) this.#least--;
  }

  /** Sets a count to nothing. */
  clear(rank: number): void {
    while (this.of[rank] > 0) this.decrease(rank);
  }

  #link(rank: number, count: number): void {
    const second = this.#first[count];
    this.of[rank] = count;
    this.#next[rank] = second;
    this.#previous[rank] = none;
    if (second !== none) this.#previous[second] = rank;
    this.#first[count] = rank;
  }

  #unlink(rank: number, count: number): void {
    const before = this.#previous[rank];
    const behind = this.#next[rank];
    if (before === none) this.#first[count] = behind;
    else this.#next[before] = behind;
    if (behind !== none) this.#previous[behind] = before;
  }
}
