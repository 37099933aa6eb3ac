import { IntMap } from '../kernel/int-map.ts';
import type { PrefixWatcher } from './prefix-watcher.ts';

/**
 * Blocks of prompt prefixes by id, evicted least recently used first. An id names a whole prefix, so a prompt's cached part is
 * its leading run of ids that are present. Blocks that a running request refers to are pinned and never evicted.
 */
export class PrefixCache {
  capacity: number;
  readonly #slotOf = new IntMap();
  #key: Int32Array;
  #refs: Int32Array;
  #next: Int32Array;
  #previous: Int32Array;
  #usedAt: Float64Array;
  readonly #free: number[] = [];
  #top = 1;
  #evictable = 0;
  evictions = 0;
  /** Time of what is done next, where the owner lets blocks expire. */
  now = 0;
  /** Absent where nobody looks. */
  watcher: PrefixWatcher | undefined;

  /** @param capacity blocks that it holds at most; Infinity where the owner evicts by hand */
  constructor(capacity: number) {
    this.capacity = capacity;
    const initial = 1024;
    this.#key = new Int32Array(initial);
    this.#refs = new Int32Array(initial);
    // Slot 0 is the ring's sentinel: next is the least recently used, previous the most.
    this.#next = new Int32Array(initial);
    this.#previous = new Int32Array(initial);
    this.#usedAt = new Float64Array(initial);
  }

  get size(): number {
    return this.#slotOf.size;
  }

  /** Blocks that nobody refers to. */
  get evictable(): number {
    return this.#evictable;
  }

  /** Length of the leading run of ids that are present, at most `limit`. Does not change the cache. */
  match(ids: ArrayLike<number>, limit: number): number {
    let n = 0;
    while (n < limit && this.#slotOf.has(ids[n])) n++;
    return n;
  }

  /** How many of the first `count` ids are unpinned now: what pinning them takes away from the evictable ones. */
  unpinned(ids: ArrayLike<number>, count: number): number {
    let n = 0;
    for (let i = 0; i < count; i++) {
      const slot = this.#slotOf.get(ids[i]);
      if (slot >= 0 && this.#refs[slot] === 0) n++;
    }
    return n;
  }

  /** Marks the first `count` ids as just used, the deepest first, so that a prefix outlives what builds on it. */
  touch(ids: ArrayLike<number>, count: number): void {
    for (let i = count - 1; i >= 0; i--) {
      const slot = this.#slotOf.get(ids[i]);
      if (slot < 0 || this.#refs[slot] !== 0) continue;
      this.#unlink(slot);
      this.#append(slot);
    }
  }

  /** Refers to a present id. */
  pin(id: number): void {
    const slot = this.#slotOf.get(id);
    if (this.#refs[slot] === 0) {
      this.#unlink(slot);
      this.#evictable--;
    }
    this.#refs[slot]++;
  }

  /** Gives one reference back; the block becomes the most recently used evictable one when it was the last. */
  unpin(id: number): void {
    const slot = this.#slotOf.get(id);
    this.#refs[slot]--;
    if (this.#refs[slot] === 0) {
      this.#append(slot);
      this.#evictable++;
    }
  }

  has(id: number): boolean {
    return this.#slotOf.has(id);
  }

  /** Adds an absent id, evicting when full. Returns whether there was room. */
  add(id: number): boolean {
    if (this.#slotOf.size >= this.capacity && !this.evict()) return false;
    const slot = this.#free.pop() ?? this.#grow();
    this.#key[slot] = id;
    this.#refs[slot] = 0;
    this.#slotOf.set(id, slot);
    this.#append(slot);
    this.#evictable++;
    this.watcher?.stored(id);
    return true;
  }

  /** Forgets every block, pinned ones included. Not counted as evictions. */
  clear(): void {
    this.watcher?.cleared(this.#slotOf.keys());
    this.#slotOf.clear();
    this.#free.length = 0;
    this.#top = 1;
    this.#evictable = 0;
    this.#next[0] = 0;
    this.#previous[0] = 0;
  }

  /** The least recently used unpinned block; undefined where there is none. */
  get oldest(): number | undefined {
    const slot = this.#next[0];
    return slot === 0 ? undefined : this.#key[slot];
  }

  /** When that was last used. */
  get oldestAt(): number {
    return this.#usedAt[this.#next[0]];
  }

  /** Drops the least recently used unpinned block. Returns whether there was one. */
  evict(): boolean {
    const slot = this.#next[0];
    if (slot === 0) return false;
    this.#drop(slot);
    this.evictions++;
    return true;
  }

  /** Drops unpinned blocks that were last used before a time. Returns how many. */
  expire(before: number): number {
    let count = 0;
    for (let slot = this.#next[0]; slot !== 0 && this.#usedAt[slot] < before; slot = this.#next[0]) {
      this.#drop(slot);
      count++;
    }
    return count;
  }

  /** Takes a present, unpinned block out. */
  remove(id: number): void {
    this.#drop(this.#slotOf.get(id));
  }

  /** Present blocks, in no order. */
  ids(): IterableIterator<number> {
    return this.#slotOf.keys();
  }

  #drop(slot: number): void {
    this.#unlink(slot);
    this.#slotOf.delete(this.#key[slot]);
    this.#free.push(slot);
    this.#evictable--;
    this.watcher?.removed(this.#key[slot]);
  }

  #append(slot: number): void {
    this.#usedAt[slot] = this.now;
    const last = this.#previous[0];
    this.#next[last] = slot;
    this.#previous[slot] = last;
    this.#next[slot] = 0;
    this.#previous[0] = slot;
  }

  #unlink(slot: number): void {
    const before = this.#previous[slot];
    const after = this.#next[slot];
    this.#next[before] = after;
    this.#previous[after] = before;
  }

  #grow(): number {
    if (this.#top === this.#key.length) {
      const bigger = (old: Int32Array): Int32Array => {
        const grown = new Int32Array(old.length * 2);
        grown.set(old);
        return grown;
      };
      this.#key = bigger(this.#key);
      this.#refs = bigger(this.#refs);
      this.#next = bigger(this.#next);
      this.#previous = bigger(this.#previous);
      const usedAt = new Float64Array(2 * this.#usedAt.length);
      usedAt.set(this.#usedAt);
      this.#usedAt = usedAt;
    }
    return this.#top++;
  }
}
