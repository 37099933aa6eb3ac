import { enlarged } from './enlarged.ts';
import { IntMap } from './int-map.ts';

/** Keys of a page: its values fill a line of the memory's cache. */
const pageBits = 4;
const pageKeys = 1 << pageBits;

/**
 * From 32-bit integers to integers of at least 0, for keys that come in runs: those that differ in their last bits only stand side by side, so that a
 * run is looked up with a search for each sixteen. A key all by itself takes as much memory as sixteen.
 */
export class RunMap {
  readonly #pageOf: IntMap = new IntMap();
  /** Value + 1 of each key of each page; 0 where there is none. */
  #values: Int32Array<ArrayBuffer> = new Int32Array(64 * pageKeys);
  /** Keys in each page. */
  #used: Uint8Array<ArrayBuffer> = new Uint8Array(64);
  readonly #free: number[] = [];
  #top = 0;
  #size = 0;
  /** Where the last search ended: its page or -1, and the first bits of its key. */
  #page = -1;
  #run = 0;

  get size(): number {
    return this.#size;
  }

  /** -1 for a key that is not there. */
  get(key: number): number {
    const page = this.#find(key >> pageBits);
    return page < 0 ? -1 : this.#values[(page << pageBits) | (key & (pageKeys - 1))] - 1;
  }

  has(key: number): boolean {
    return this.get(key) >= 0;
  }

  set(key: number, value: number): void {
    const run = key >> pageBits;
    let page = this.#find(run);
    if (page < 0) page = this.#add(run);
    const at = (page << pageBits) | (key & (pageKeys - 1));
    if (this.#values[at] === 0) {
      this.#used[page]++;
      this.#size++;
    }
    this.#values[at] = value + 1;
  }

  /** Sets so many keys that follow each other to one value. */
  setAll(from: number, count: number, value: number): void {
    const end = from + count;
    for (let key = from; key < end;) {
      const run = key >> pageBits;
      let page = this.#find(run);
      if (page < 0) page = this.#add(run);
      const at = page << pageBits;
      const values = this.#values;
      let fresh = 0;
      // Up to the end of the page.
      for (let i = key & (pageKeys - 1); i < pageKeys && key < end; i++, key++) {
        if (values[at | i] === 0) fresh++;
        values[at | i] = value + 1;
      }
      this.#used[page] += fresh;
      this.#size += fresh;
    }
  }

  /** Deletes so many keys that follow each other. */
  deleteAll(from: number, count: number): void {
    const end = from + count;
    for (let key = from; key < end;) {
      const run = key >> pageBits;
      const page = this.#find(run);
      const at = page << pageBits;
      const values = this.#values;
      let gone = 0;
      for (let i = key & (pageKeys - 1); i < pageKeys && key < end; i++, key++) {
        if (page < 0 || values[at | i] === 0) continue;
        values[at | i] = 0;
        gone++;
      }
      if (page >= 0) this.#leave(page, run, gone);
    }
  }

  delete(key: number): void {
    const run = key >> pageBits;
    const page = this.#find(run);
    const at = (page << pageBits) | (key & (pageKeys - 1));
    if (page < 0 || this.#values[at] === 0) return;
    this.#values[at] = 0;
    this.#leave(page, run, 1);
  }

  clear(): void {
    this.#pageOf.clear();
    this.#values.fill(0);
    this.#used.fill(0);
    this.#free.length = 0;
    this.#top = 0;
    this.#size = 0;
    this.#page = -1;
  }

  /** All keys, in no order that means anything. */
  *keys(): IterableIterator<number> {
    for (const run of this.#pageOf.keys()) {
      const page = this.#pageOf.get(run);
      for (let i = 0; i < pageKeys; i++) if (this.#values[(page << pageBits) | i] !== 0) yield (run << pageBits) | i;
    }
  }

  /** The page of keys with these first bits; -1 where there is none. */
  #find(run: number): number {
    if (this.#run === run) return this.#page;
    const page = this.#pageOf.get(run);
    this.#page = page;
    this.#run = run;
    return page;
  }

  /** So many keys of a page are gone, and with the last the page. */
  #leave(page: number, run: number, count: number): void {
    this.#size -= count;
    this.#used[page] -= count;
    if (count === 0 || this.#used[page] > 0) return;
    this.#pageOf.delete(run);
    this.#free.push(page);
    this.#page = -1;
  }

  #add(run: number): number {
    const page = this.#free.pop() ?? this.#top++;
    if (page === this.#used.length) {
      this.#values = enlarged(this.#values, new Int32Array(2 * this.#values.length));
      this.#used = enlarged(this.#used, new Uint8Array(2 * this.#used.length));
    }
    this.#pageOf.set(run, page);
    this.#page = page;
    this.#run = run;
    return page;
  }
}
