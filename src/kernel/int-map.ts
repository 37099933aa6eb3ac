import { mix } from './random.ts';

const free = 0;

/** From 32-bit integers to integers of at least 0: open addressing with linear probing in a typed array, at most five eighths full. */
export class IntMap {
  /** Of each place side by side its key and value + 1, or `free` where there is none: a search takes one line of the memory's cache. */
  #entries: Int32Array<ArrayBuffer> = new Int32Array(2 * 64);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** -1 for a key that is not there. */
  get(key: number): number {
    return this.#entries[this.#entryOf(key) + 1] - 1;
  }

  has(key: number): boolean {
    return this.#entries[this.#entryOf(key) + 1] !== free;
  }

  set(key: number, value: number): void {
    let at = this.#entryOf(key);
    if (this.#entries[at + 1] === free) {
      if (16 * (this.#size + 1) > 5 * this.#entries.length) {
        this.#grow();
        at = this.#entryOf(key);
      }
      this.#size++;
      this.#entries[at] = key;
    }
    this.#entries[at + 1] = value + 1;
  }

  delete(key: number): void {
    const entries = this.#entries;
    const mask = entries.length - 1;
    let gap = this.#entryOf(key);
    if (entries[gap + 1] === free) return;
    this.#size--;
    // What was pushed behind the gap moves up, so that no search stops at it.
    for (let at = (gap + 2) & mask; entries[at + 1] !== free; at = (at + 2) & mask) {
      const home = (mix(entries[at]) << 1) & mask;
      if (((at - home) & mask) < ((at - gap) & mask)) continue;
      entries[gap] = entries[at];
      entries[gap + 1] = entries[at + 1];
      gap = at;
    }
    entries[gap + 1] = free;
  }

  clear(): void {
    this.#entries.fill(free);
    this.#size = 0;
  }

  /** All keys, in no order that means anything. */
  *keys(): IterableIterator<number> {
    for (let at = 0; at < this.#entries.length; at += 2) if (this.#entries[at + 1] !== free) yield this.#entries[at];
  }

  /** Where the entry of a key is, or would be. */
  #entryOf(key: number): number {
    const entries = this.#entries;
    const mask = entries.length - 1;
    let at = (mix(key) << 1) & mask;
    while (entries[at + 1] !== free && entries[at] !== key) at = (at + 2) & mask;
    return at;
  }

  #grow(): void {
    const old = this.#entries;
    this.#entries = new Int32Array(2 * old.length);
    for (let from = 0; from < old.length; from += 2) {
      if (old[from + 1] === free) continue;
      const at = this.#entryOf(old[from]);
      this.#entries[at] = old[from];
      this.#entries[at + 1] = old[from + 1];
    }
  }
}
