import { enlarged } from './enlarged.ts';

const words: number = 2 ** 32;

/** Equal ranges of words, and the bits of a word that are within one. */
const ranges = 256;
const rangeBits = 24;

/**
 * Distributions over 0, 1, 2 ... that words of 32 bits draw from, in one piece of memory: of each where the values of the first word of each range begin, which
 * is where the value of a word is looked for, and then of each value the last word that means it.
 */
export class Choices {
  #table: Uint32Array<ArrayBuffer> = new Uint32Array(1024);
  #size = 0;
  /**
   * Adds a distribution.
   * @param chances of 0, 1, 2 ..., to a common scale
   * @returns its name
   */
  add(chances: ArrayLike<number>): number {
    let total = 0;
    let last = 0;
    for (let k = 0; k < chances.length; k++) {
      total += chances[k];
      if (chances[k] > 0) last = k;
    }
    const name = this.#size;
    const values = name + ranges;
    this.#size = values + last + 1;
    while (this.#table.length < this.#size) this.#table = enlarged(this.#table, new Uint32Array(2 * this.#table.length));
    const table = this.#table;
    let sum = 0;
    let range = 0;
    for (let k = 0; k <= last; k++) {
      sum += chances[k];
      const end = k === last ? words : (sum / total) * words;
      // A value that no word means is not begun from.
      table[values + k] = Math.max(0, Math.ceil(end) - 1);
      for (; range < ranges && end > range * (words / ranges); range++) table[name + range] = values + k;
    }
    return name;
  }

  /** The value that a word means: the least whose chances, together with those before it, are above its share of all words. */
  drawn(name: number, word: number): number {
    const table = this.#table;
    let at = table[name + (word >>> rangeBits)];
    while (table[at] < word) at++;
    return at - name - ranges;
  }
}
