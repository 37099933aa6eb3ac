import { enlarged } from './enlarged.ts';

const words: number = 2 ** 32;

/** Words are looked up by so many of their first bits at most, and the rest is a number of so many bits. */
const mostBits = 8;
const restBits = 5;

/**
 * Distributions over 0, 1, 2 ... up to 65,535 that words of 32 bits draw from, side by side in memory: of each the value of the first word of each of equal
 * ranges, from which the value of a word is looked for, and the last word that means each value. The more values, the more ranges: mostly the first look finds it.
 */
export class Choices {
  #first: Uint16Array<ArrayBuffer> = new Uint16Array(1024);
  #last: Uint32Array<ArrayBuffer> = new Uint32Array(1024);
  #size = 0;

  /**
   * Adds a distribution.
   * @param chances of 0, 1, 2 ..., to a common scale
   * @returns its name: where it begins, and bits of a word that are within a range
   */
  add(chances: ArrayLike<number>): number {
    let total = 0;
    let last = 0;
    for (let k = 0; k < chances.length; k++) {
      total += chances[k];
      if (chances[k] > 0) last = k;
    }
    const bits = Math.min(mostBits, 33 - Math.clz32(last));
    const ranges = 1 << bits;
    const begin = this.#size;
    this.#size = begin + Math.max(ranges, last + 1);
    while (this.#last.length < this.#size) {
      this.#first = enlarged(this.#first, new Uint16Array(2 * this.#first.length));
      this.#last = enlarged(this.#last, new Uint32Array(2 * this.#last.length));
    }
    const [firsts, lasts] = [this.#first, this.#last];
    let sum = 0;
    let range = 0;
    for (let k = 0; k <= last; k++) {
      sum += chances[k];
      const end = k === last ? words : (sum / total) * words;
      // A value that no word means is not begun from.
      lasts[begin + k] = Math.max(0, Math.ceil(end) - 1);
      for (; range < ranges && end > range * (words / ranges); range++) firsts[begin + range] = k;
    }
    return (begin << restBits) | (32 - bits);
  }

  /** The value that a word means: the least whose chances, together with those before it, are above its share of all words. */
  drawn(name: number, word: number): number {
    const lasts = this.#last;
    const begin = name >>> restBits;
    let value = this.#first[begin + (word >>> (name & ((1 << restBits) - 1)))];
    while (lasts[begin + value] < word) value++;
    return value;
  }
}
