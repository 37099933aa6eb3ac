import { enlarged } from './enlarged.ts';

/** Keys of a page. */
const pageBits = 6;
const pageKeys = 1 << pageBits;

/**
 * From 32-bit integers to integers of at least 0, for keys that come in runs and are taken up one after another: a table by their first bits says which page they are in, and a page
 * has a place for each, so that nothing is searched and a run stands side by side. The table reaches up to the greatest key, taken as unsigned, with a word for
 * each 64. A key all by itself takes as much memory as 64.
 */
export class RunMap {
  /** Page + 1 of each 64 keys; 0 where there is none. */
  #pageOf: Int32Array<ArrayBuffer> = new Int32Array(64);
  /** Value + 1 of each key of each page; 0 where there is none. */
  #values: Int32Array<ArrayBuffer> = new Int32Array(16 * pageKeys);
  /** Keys in each page. */
  #used: Uint8Array<ArrayBuffer> = new Uint8Array(16);
  readonly #free: number[] = [];
  #top = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** -1 for a key that is not there. */
  get(key: number): number {
    const page = this.#find(key >>> pageBits);
    return page < 0 ? -1 : this.#values[(page << pageBits) | (key & (pageKeys - 1))] - 1;
  }

  has(key: number): boolean {
    return this.get(key) >= 0;
  }

  /** How many of so many keys that follow each other come before the first one that is there. */
  gap(from: number, count: number): number {
    const end = from + count;
    for (let key = from; key < end;) {
      const page = this.#find(key >>> pageBits);
      const first = key & (pageKeys - 1);
      const last = Math.min(pageKeys, first + end - key);
      if (page >= 0) for (let i = first; i < last; i++) if (this.#values[(page << pageBits) | i] !== 0) return key - from + i - first;
      key += last - first;
    }
    return count;
  }

  /** Sets so many keys that follow each other to one value. */
  setAll(from: number, count: number, value: number): void {
    const end = from + count;
    for (let key = from; key < end;) {
      const run = key >>> pageBits;
      const found = this.#find(run);
      const page = found < 0 ? this.#add(run) : found;
      const first = key & (pageKeys - 1);
      const last = Math.min(pageKeys, first + end - key);
      key += last - first;
      const at = page << pageBits;
      const values = this.#values;
      let fresh = 0;
      for (let i = at + first; i < at + last; i++) {
        if (values[i] === 0) fresh++;
        values[i] = value + 1;
      }
      this.#used[page] += fresh;
      this.#size += fresh;
    }
  }

  /** Deletes so many keys that follow each other. */
  deleteAll(from: number, count: number): void {
    const end = from + count;
    for (let key = from; key < end;) {
      const run = key >>> pageBits;
      const page = this.#find(run);
      const first = key & (pageKeys - 1);
      const last = Math.min(pageKeys, first + end - key);
      key += last - first;
      if (page < 0) continue;
      const at = page << pageBits;
      const values = this.#values;
      let gone = 0;
      for (let i = at + first; i < at + last; i++) {
        if (values[i] !== 0) gone++;
        values[i] = 0;
      }
      this.#size -= gone;
      this.#used[page] -= gone;
      if (this.#used[page] > 0) continue;
      this.#pageOf[run] = 0;
      this.#free.push(page);
    }
  }

  clear(): void {
    this.#pageOf.fill(0);
    this.#values.fill(0);
    this.#used.fill(0);
    this.#free.length = 0;
    this.#top = 0;
    this.#size = 0;
  }

  /** All keys, in no order that means anything. */
  *keys(): IterableIterator<number> {
    for (let run = 0; run < this.#pageOf.length; run++) {
      const page = this.#find(run);
      if (page < 0) continue;
      for (let i = 0; i < pageKeys; i++) if (this.#values[(page << pageBits) | i] !== 0) yield (run << pageBits) | i;
    }
  }

  /** The page of keys with these first bits; -1 where there is none. */
  #find(run: number): number {
    return run < this.#pageOf.length ? this.#pageOf[run] - 1 : -1;
  }

  #add(run: number): number {
    if (run >= this.#pageOf.length) {
      let length = 2 * this.#pageOf.length;
      while (length <= run) length *= 2;
      this.#pageOf = enlarged(this.#pageOf, new Int32Array(length));
    }
    const page = this.#free.pop() ?? this.#top++;
    if (page === this.#used.length) {
      this.#values = enlarged(this.#values, new Int32Array(2 * this.#values.length));
      this.#used = enlarged(this.#used, new Uint8Array(2 * this.#used.length));
    }
    this.#pageOf[run] = page + 1;
    return page;
  }
}
