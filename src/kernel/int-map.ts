import { mix } from './random.ts';

const free = 0;

/** From 32-bit integers to integers of at least 0: open addressing with linear probing in typed arrays, at most half full. */
export class IntMap {
  #keys: Int32Array<ArrayBuffer> = new Int32Array(64);
  /** Value + 1 of each place; 0 where there is none. */
  #values: Int32Array<ArrayBuffer> = new Int32Array(64);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** -1 for a key that is not there. */
  get(key: number): number {
    return this.#values[this.#placeOf(key)] - 1;
  }

  has(key: number): boolean {
    return this.#values[this.#placeOf(key)] !== free;
  }

  set(key: number, value: number): void {
    let place = this.#placeOf(key);
    if (this.#values[place] === free) {
      if (2 * (this.#size + 1) > this.#keys.length) {
        this.#grow();
        place = this.#placeOf(key);
      }
      this.#size++;
      this.#keys[place] = key;
    }
    this.#values[place] = value + 1;
  }

  delete(key: number): void {
    const keys = this.#keys;
    const values = this.#values;
    const mask = keys.length - 1;
    let gap = this.#placeOf(key);
    if (values[gap] === free) return;
    this.#size--;
    // What was pushed behind the gap moves up, so that no search stops at it.
    for (let place = (gap + 1) & mask; values[place] !== free; place = (place + 1) & mask) {
      const home = mix(keys[place]) & mask;
      if (((place - home) & mask) < ((place - gap) & mask)) continue;
      keys[gap] = keys[place];
      values[gap] = values[place];
      gap = place;
    }
    values[gap] = free;
  }

  clear(): void {
    this.#values.fill(free);
    this.#size = 0;
  }

  /** All keys, in no order that means anything. */
  *keys(): IterableIterator<number> {
    for (let place = 0; place < this.#keys.length; place++) if (this.#values[place] !== free) yield this.#keys[place];
  }

  /** Where a key is, or would be. */
  #placeOf(key: number): number {
    const keys = this.#keys;
    const values = this.#values;
    const mask = keys.length - 1;
    let place = mix(key) & mask;
    while (values[place] !== free && keys[place] !== key) place = (place + 1) & mask;
    return place;
  }

  #grow(): void {
    const [keys, values] = [this.#keys, this.#values];
    this.#keys = new Int32Array(2 * keys.length);
    this.#values = new Int32Array(2 * keys.length);
    for (let at = 0; at < keys.length; at++) {
      if (values[at] === free) continue;
      const place = this.#placeOf(keys[at]);
      this.#keys[place] = keys[at];
      this.#values[place] = values[at];
    }
  }
}
