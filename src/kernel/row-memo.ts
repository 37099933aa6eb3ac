import { mix } from './random.ts';

/**
 * Rows of numbers by a key of a few numbers, for what is worked out again and again: a row that was kept may be gone, over another of the same place. The
 * more keys come, the more places there are, up to a bound.
 */
export class RowMemo {
  /** The key that is asked about. */
  readonly key: Float64Array;
  /** Rows one after another. */
  rows: Float64Array;
  readonly #width: number;
  readonly #most: number;
  #size: number = 64;
  #keys: Float64Array;
  /** Rows that went over others since there were this many places. */
  #lost = 0;

  /**
   * @param length numbers of a key, whose first is not NaN
   * @param width numbers of a row
   * @param most places, a power of two
   */
  constructor(length: number, width: number, most: number) {
    this.key = new Float64Array(length);
    this.#width = width;
    this.#most = most;
    this.#keys = new Float64Array(this.#size * length).fill(Number.NaN);
    this.rows = new Float64Array(this.#size * width);
  }

  /** Where the row of the key begins; -1 where there is none. */
  find(): number {
    const place = this.#placeOf(this.key, 0);
    const from = place * this.key.length;
    for (let i = 0; i < this.key.length; i++) if (this.#keys[from + i] !== this.key[i]) return -1;
    return place * this.#width;
  }

  /** Keeps a row for the key: the first numbers of `row`. */
  keep(row: Float64Array): void {
    const place = this.#placeOf(this.key, 0);
    if (!Number.isNaN(this.#keys[place * this.key.length]) && ++this.#lost > this.#size / 4 && this.#size < this.#most) {
      this.#grow();
      this.keep(row);
      return;
    }
    this.#keys.set(this.key, place * this.key.length);
    for (let i = 0; i < this.#width; i++) this.rows[place * this.#width + i] = row[i];
  }

  #placeOf(keys: Float64Array, from: number): number {
    let hash = 0;
    for (let i = 0; i < this.key.length; i++) hash = Math.imul(hash ^ (keys[from + i] | 0), 0x85ebca6b);
    return mix(hash) & (this.#size - 1);
  }

  #grow(): void {
    const { rows } = this;
    const [keys, size] = [this.#keys, this.#size];
    const { length } = this.key;
    this.#size = 4 * size;
    this.#lost = 0;
    this.#keys = new Float64Array(this.#size * length).fill(Number.NaN);
    this.rows = new Float64Array(this.#size * this.#width);
    for (let old = 0; old < size; old++) {
      if (Number.isNaN(keys[old * length])) continue;
      const place = this.#placeOf(keys, old * length);
      this.#keys.set(keys.subarray(old * length, (old + 1) * length), place * length);
      this.rows.set(rows.subarray(old * this.#width, (old + 1) * this.#width), place * this.#width);
    }
  }
}
