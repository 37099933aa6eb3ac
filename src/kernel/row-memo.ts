import { enlarged } from './enlarged.ts';
import { mix } from './random.ts';

/**
 * Rows of numbers by a key of a few numbers, for what is worked out again and again: a row that was kept may be gone, over another of the same place. The
 * more keys come, the more places there are, up to a bound. Rows lie in the order in which they came, each behind its key: what comes again comes mostly in the
 * same order, and memory that is read in order is there before it is asked for.
 */
export class RowMemo {
  /** The key that is asked about. */
  readonly key: Float64Array;
  /** Keys and rows. */
  entries: Float64Array<ArrayBuffer>;
  readonly #width: number;
  readonly #most: number;
  /** Number of the entry of each place, from 1; 0 where there is none. */
  #places: Int32Array = new Int32Array(64);
  #used = 0;
  /** Rows that went over others since there were this many places. */
  #lost = 0;

  /**
   * @param length numbers of a key
   * @param width numbers of a row
   * @param most places, a power of two
   */
  constructor(length: number, width: number, most: number) {
    this.key = new Float64Array(length);
    this.#width = length + width;
    this.#most = most;
    this.entries = new Float64Array(64 * this.#width);
  }

  /** Where the row of the key begins among the entries; -1 where there is none. */
  find(): number {
    const { key, entries } = this;
    const number = this.#places[this.#placeOf(key, 0)];
    if (number === 0) return -1;
    const from = (number - 1) * this.#width;
    for (let i = 0; i < key.length; i++) if (entries[from + i] !== key[i]) return -1;
    return from + key.length;
  }

  /** Keeps a row for the key: the first numbers of `row`. */
  keep(row: Float64Array): void {
    const { key } = this;
    const place = this.#placeOf(key, 0);
    if (this.#places[place] === 0) this.#places[place] = ++this.#used;
    else if (++this.#lost > this.#places.length / 4 && this.#places.length < this.#most) {
      this.#grow();
      this.keep(row);
      return;
    }
    if (this.#used * this.#width > this.entries.length) this.entries = enlarged(this.entries, new Float64Array(2 * this.entries.length));
    const from = (this.#places[place] - 1) * this.#width;
    this.entries.set(key, from);
    for (let i = key.length; i < this.#width; i++) this.entries[from + i] = row[i - key.length];
  }

  #placeOf(keys: Float64Array, from: number): number {
    let hash = 0;
    for (let i = 0; i < this.key.length; i++) hash = Math.imul(hash ^ (keys[from + i] | 0), 0x85ebca6b);
    return mix(hash) & (this.#places.length - 1);
  }

  /** Keys that had places of their own still do. */
  #grow(): void {
    this.#places = new Int32Array(4 * this.#places.length);
    this.#lost = 0;
    for (let number = 1; number <= this.#used; number++) this.#places[this.#placeOf(this.entries, (number - 1) * this.#width)] = number;
  }
}
