/** A set of small integers that says how many of them are at most so many: bits, and a Fenwick tree over how many there are in each word. */
export class CountedBits {
  readonly #words: Int32Array;
  /** Entry w stands for the words before w that its last bit reaches back over. */
  readonly #tree: Int32Array;

  /** @param count of the integers that may be in it, from 0 */
  constructor(count: number) {
    this.#words = new Int32Array((count + 31) >> 5);
    this.#tree = new Int32Array(this.#words.length + 1);
  }

  has(n: number): boolean {
    return (this.#words[n >> 5] & (1 << (n & 31))) !== 0;
  }

  /** Puts in what is not there. */
  add(n: number): void {
    this.#words[n >> 5] |= 1 << (n & 31);
    this.#count(n >> 5, 1);
  }

  /** Takes out what is there. */
  delete(n: number): void {
    this.#words[n >> 5] &= ~(1 << (n & 31));
    this.#count(n >> 5, -1);
  }

  /** How many of them are at most n. */
  upTo(n: number): number {
    const tree = this.#tree;
    // All bits up to the one of n.
    let count = ones(this.#words[n >> 5] & (-1 >>> (31 - (n & 31))));
    for (let at = n >> 5; at > 0; at &= at - 1) count += tree[at];
    return count;
  }

  clear(): void {
    this.#words.fill(0);
    this.#tree.fill(0);
  }

  #count(word: number, by: number): void {
    const tree = this.#tree;
    for (let at = word + 1; at < tree.length; at += at & -at) tree[at] += by;
  }
}

/** Bits of a word that are set. */
function ones(word: number): number {
  const pairs = word - ((word >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}
