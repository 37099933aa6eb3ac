import { enlarged } from '../kernel/enlarged.ts';
import { RunMap } from '../kernel/run-map.ts';
import type { PrefixWatcher } from './prefix-watcher.ts';

/** A block's record of 32-bit words, one after another in memory: its id, references to it, what was used after and before it. */
const words = 4;
const key = 0;
const refs = 1;
const next = 2;
const previous = 3;

/**
 * Blocks of prompt prefixes by id, evicted least recently used first. An id names a whole prefix, so a prompt's cached part is
 * its leading run of ids that are present. Blocks that a running request refers to are pinned and never evicted.
 */
export class PrefixCache {
  capacity: number;
  readonly #slotOf = new RunMap();
  /** Slot 0 is the ring's sentinel: next is the least recently used, previous the most. */
  #records: Int32Array<ArrayBuffer> = new Int32Array(1024 * words);
  /** When each was last used; empty where the owner does not ask. */
  #usedAt: Float64Array<ArrayBuffer>;
  readonly #timed: boolean;
  /** Slots of the ids that were located last, -1 for those that are absent. */
  #located: Int32Array<ArrayBuffer> = new Int32Array(256);
  readonly #free: number[] = [];
  #top = 1;
  #evictable = 0;
  evictions = 0;
  /** Time of what is done next, where the owner lets blocks expire. */
  now = 0;
  /** Absent where nobody looks. */
  watcher: PrefixWatcher | undefined;

  /**
   * @param capacity blocks that it holds at most; Infinity where the owner evicts by hand
   * @param timed whether it knows when blocks were used
   */
  constructor(capacity: number, timed: boolean = false) {
    this.capacity = capacity;
    this.#timed = timed;
    this.#usedAt = new Float64Array(timed ? 1024 : 0);
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

  /** Length of the leading run of ids that are present, at most `limit`, which are made the most recently used, the deepest first. */
  use(ids: ArrayLike<number>, limit: number): number {
    const located = this.#room(limit);
    let n = 0;
    for (; n < limit; n++) {
      const slot = this.#slotOf.get(ids[n]);
      if (slot < 0) break;
      located[n] = slot;
    }
    this.touchLocated(n);
    return n;
  }

  /** Looks the first `count` ids up for what is done with them next. Returns how many are absent. */
  locate(ids: ArrayLike<number>, count: number): number {
    const located = this.#room(count);
    let absent = 0;
    for (let i = 0; i < count; i++) {
      const slot = this.#slotOf.get(ids[i]);
      located[i] = slot;
      if (slot < 0) absent++;
    }
    return absent;
  }

  /** Whether the nth of the ids that were located is there. */
  isLocated(n: number): boolean {
    return this.#located[n] >= 0;
  }

  /** Marks the first `count` of the ids that were located as just used, the deepest first, so that a prefix outlives what builds on it. */
  touchLocated(count: number): void {
    const records = this.#records;
    const located = this.#located;
    if (this.#timed) for (let i = 0; i < count; i++) if (located[i] >= 0) this.#usedAt[located[i]] = this.now;
    for (let i = count - 1; i >= 0; i--) {
      const first = located[i];
      if (first < 0 || records[first * words + refs] !== 0) continue;
      // Those that stand one behind the other in the ring already move together.
      let last = first;
      for (; i > 0 && located[i - 1] > 0 && records[last * words + next] === located[i - 1]; i--) last = located[i - 1];
      const before = records[first * words + previous];
      const after = records[last * words + next];
      records[before * words + next] = after;
      records[after * words + previous] = before;
      const tail = records[previous];
      records[tail * words + next] = first;
      records[first * words + previous] = tail;
      records[last * words + next] = 0;
      records[previous] = last;
    }
  }

  /** Adds the nth of the ids that were located, unless it is there by now. The owner has made room. */
  addLocated(n: number, id: number): void {
    const slot = this.#slotOf.get(id);
    this.#located[n] = slot >= 0 ? slot : this.#add(id);
  }

  /** How many of the first `count` ids are unpinned now: what pinning them takes away from the evictable ones. */
  unpinned(ids: ArrayLike<number>, count: number): number {
    let n = 0;
    for (let i = 0; i < count; i++) {
      const slot = this.#slotOf.get(ids[i]);
      if (slot >= 0 && this.#records[slot * words + refs] === 0) n++;
    }
    return n;
  }

  /** Marks the first `count` ids as just used, the deepest first, so that a prefix outlives what builds on it. */
  touch(ids: ArrayLike<number>, count: number): void {
    this.locate(ids, count);
    this.touchLocated(count);
  }

  /** Refers to a present id. */
  pin(id: number): void {
    const slot = this.#slotOf.get(id);
    if (this.#records[slot * words + refs]++ > 0) return;
    this.#unlink(slot);
    this.#evictable--;
  }

  /** Gives one reference back; the block becomes the most recently used evictable one when it was the last. */
  unpin(id: number): void {
    const slot = this.#slotOf.get(id);
    if (--this.#records[slot * words + refs] > 0) return;
    this.#append(slot);
    this.#evictable++;
  }

  has(id: number): boolean {
    return this.#slotOf.has(id);
  }

  /** Adds an absent id, evicting when full. Returns whether there was room. */
  add(id: number): boolean {
    if (this.#slotOf.size >= this.capacity && !this.evict()) return false;
    this.#add(id);
    return true;
  }

  /** Forgets every block, pinned ones included. Not counted as evictions. */
  clear(): void {
    this.watcher?.cleared(this.#slotOf.keys());
    this.#slotOf.clear();
    this.#free.length = 0;
    this.#top = 1;
    this.#evictable = 0;
    this.#records[next] = 0;
    this.#records[previous] = 0;
  }

  /** The least recently used unpinned block; undefined where there is none. */
  get oldest(): number | undefined {
    const slot = this.#records[next];
    return slot === 0 ? undefined : this.#records[slot * words + key];
  }

  /** When that was last used. */
  get oldestAt(): number {
    return this.#usedAt[this.#records[next]];
  }

  /** Drops the least recently used unpinned block. Returns whether there was one. */
  evict(): boolean {
    const slot = this.#records[next];
    if (slot === 0) return false;
    this.#drop(slot);
    this.evictions++;
    return true;
  }

  /** Drops unpinned blocks that were last used before a time. Returns how many. */
  expire(before: number): number {
    let count = 0;
    for (let slot = this.#records[next]; slot !== 0 && this.#usedAt[slot] < before; slot = this.#records[next]) {
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

  #add(id: number): number {
    const slot = this.#free.pop() ?? this.#grow();
    this.#records[slot * words + key] = id;
    this.#records[slot * words + refs] = 0;
    this.#slotOf.set(id, slot);
    this.#append(slot);
    this.#evictable++;
    this.watcher?.stored(id);
    return slot;
  }

  #drop(slot: number): void {
    const id = this.#records[slot * words + key];
    this.#unlink(slot);
    this.#slotOf.delete(id);
    this.#free.push(slot);
    this.#evictable--;
    this.watcher?.removed(id);
  }

  #append(slot: number): void {
    const records = this.#records;
    if (this.#timed) this.#usedAt[slot] = this.now;
    const last = records[previous];
    records[last * words + next] = slot;
    records[slot * words + previous] = last;
    records[slot * words + next] = 0;
    records[previous] = slot;
  }

  #unlink(slot: number): void {
    const records = this.#records;
    const before = records[slot * words + previous];
    const after = records[slot * words + next];
    records[before * words + next] = after;
    records[after * words + previous] = before;
  }

  #grow(): number {
    if ((this.#top + 1) * words > this.#records.length) {
      this.#records = enlarged(this.#records, new Int32Array(2 * this.#records.length));
      if (this.#timed) this.#usedAt = enlarged(this.#usedAt, new Float64Array(2 * this.#usedAt.length));
    }
    return this.#top++;
  }

  #room(count: number): Int32Array {
    if (count > this.#located.length) this.#located = new Int32Array(2 * count);
    return this.#located;
  }
}
