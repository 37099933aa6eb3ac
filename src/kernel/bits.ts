/** A set of small integers, 32 to a word; number n is bit n % 32 of word n / 32. */
export class Bits {
  readonly words: Int32Array;

  /** @param count of the integers that may be in it, from 0 */
  constructor(count: number) {
    this.words = new Int32Array((count + 31) >> 5);
  }

  has(n: number): boolean {
    return (this.words[n >> 5] & (1 << (n & 31))) !== 0;
  }

  add(n: number): void {
    this.words[n >> 5] |= 1 << (n & 31);
  }

  delete(n: number): void {
    this.words[n >> 5] &= ~(1 << (n & 31));
  }

  /** Whether nothing is in it. */
  get empty(): boolean {
    for (let w = 0; w < this.words.length; w++) if (this.words[w] !== 0) return false;
    return true;
  }
}
