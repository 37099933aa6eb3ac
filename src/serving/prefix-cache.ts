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
  readonly #free: number[] = [];
  #top = 1;
  #evictable = 0;
  evictions = 0;
  /** Absent where nobody looks. */
  watcher: PrefixWatcher | undefined;

  /** @param capacity blocks that it holds at most; Infinity where the owner evicts by hand */
  constructor(capacity: number) {
    this.capacity = capacity;
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
      if (slot >= 0 && this.#records[slot * words + refs] === 0) n++;
    }
    return n;
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

  /** Drops the least recently used unpinned block. Returns whether there was one. */
  evict(): boolean {
    const slot = this.#records[next];
    if (slot === 0) return false;
    this.#drop(slot);
    this.evictions++;
    return true;
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
    if ((this.#top + 1) * words > this.#records.length) this.#records = enlarged(this.#records, new Int32Array(2 * this.#records.length));
    return this.#top++;
  }
}
