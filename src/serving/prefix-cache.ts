import { enlarged } from '../kernel/enlarged.ts';
import { RunMap } from '../kernel/run-map.ts';
import type { PrefixWatcher } from './prefix-watcher.ts';

/** A run's record of 32-bit words, one after another in memory: its first id, how many it has, the runs that were used after and before it. */
const words = 4;
const first = 0;
const count = 1;
const next = 2;
const previous = 3;

/**
 * Blocks of prompt prefixes by id, in their order of use: the least recently used go first. An id names a whole prefix, so a prompt's cached part is its leading run of
 * ids that are present. Blocks that a running request refers to are pinned: they are in no order, and stay.
 *
 * Most ids of a prompt follow each other, and were used together before, the deepest least recently. Such a run is one record: it is found, used, pinned and kept at
 * once, and its last id is the first to go. It comes apart where a prompt has a part of it.
 */
export class PrefixCache {
  /** Blocks that it should hold at most: the owner sees to it. */
  capacity: number = Infinity;
  readonly #runOf = new RunMap();
  /** Run 0 is the sentinel of the ring of those that are not pinned: next is the least recently used, previous the most. */
  #records: Int32Array<ArrayBuffer> = new Int32Array(256 * words);
  /** References to each. */
  #refs: Int32Array<ArrayBuffer> = new Int32Array(256);
  /** When each was last used; empty where the owner does not ask. */
  #usedAt: Float64Array<ArrayBuffer>;
  readonly #timed: boolean;
  readonly #free: number[] = [];
  #top = 1;
  #evictable = 0;
  evictions = 0;
  /** Time of what is done next, where the owner lets blocks expire. */
  now = 0;
  /** Absent where nobody looks. */
  watcher: PrefixWatcher | undefined;

  /** @param timed whether it knows when blocks were used */
  constructor(timed: boolean = false) {
    this.#timed = timed;
    this.#usedAt = new Float64Array(timed ? 256 : 0);
  }

  get size(): number {
    return this.#runOf.size;
  }

  /** Blocks that nobody refers to. */
  get evictable(): number {
    return this.#evictable;
  }

  has(id: number): boolean {
    return this.#runOf.has(id);
  }

  /** Present blocks, in no order. */
  ids(): IterableIterator<number> {
    return this.#runOf.keys();
  }

  /** Length of the leading run of ids that are present, at most `limit`. Does not change the cache. */
  match(ids: ArrayLike<number>, limit: number): number {
    let n = 0;
    while (n < limit) {
      const run = this.#runOf.get(ids[n]);
      if (run < 0) break;
      n += this.#along(ids, n, limit, run);
    }
    return n;
  }

  /** The same; they are made the most recently used, the deepest first. */
  use(ids: ArrayLike<number>, limit: number): number {
    const found = this.match(ids, limit);
    this.touch(ids, found);
    return found;
  }

  /** How many of the first `limit` ids are absent. */
  absent(ids: ArrayLike<number>, limit: number): number {
    let absent = 0;
    for (let n = 0; n < limit;) {
      const run = this.#runOf.get(ids[n]);
      if (run < 0) absent++;
      n += run < 0 ? 1 : this.#along(ids, n, limit, run);
    }
    return absent;
  }

  /** How many of the first `limit` ids, which are present, are unpinned: what pinning them takes away from the evictable ones. */
  unpinned(ids: ArrayLike<number>, limit: number): number {
    let unpinned = 0;
    for (let n = 0; n < limit;) {
      const run = this.#runOf.get(ids[n]);
      const many = this.#along(ids, n, limit, run);
      if (this.#refs[run] === 0) unpinned += many;
      n += many;
    }
    return unpinned;
  }

  /**
   * Marks those of the first `limit` ids that are present as just used, the deepest first, so that a prefix outlives what builds on it. None is pinned.
   * Returns how many are absent.
   */
  touch(ids: ArrayLike<number>, limit: number): number {
    let absent = 0;
    for (let end = limit; end > 0;) {
      const run = this.#runOf.get(ids[end - 1]);
      if (run < 0) {
        absent++;
        end--;
        continue;
      }
      const begin = this.#back(ids, end, run);
      const used = this.#part(run, ids[begin] | 0, end - begin);
      this.#unlink(used);
      this.#append(used);
      end = begin;
    }
    return absent;
  }

  /** Adds so many absent ids that follow each other as the most recently used, the last of them least so. */
  add(from: number, many: number): void {
    const latest = this.#records[previous];
    // One that goes right before what was added last is part of its run.
    if (latest !== 0 && this.#records[latest * words + first] === from + many && (!this.#timed || this.#usedAt[latest] === this.now)) {
      this.#records[latest * words + first] = from;
      this.#records[latest * words + count] += many;
      this.#enter(latest, from, many);
    } else {
      const run = this.#make(from, many);
      this.#append(run);
      this.#enter(run, from, many);
    }
    this.#evictable += many;
  }

  /** Refers to ids from one place to before another. Those that are absent are added. Returns how many somebody else refers to. */
  pin(ids: ArrayLike<number>, from: number, to: number): number {
    let pinned = 0;
    for (let n = from; n < to;) {
      const run = this.#runOf.get(ids[n]);
      const many = run < 0 ? this.#absentFrom(ids, n, to) : this.#along(ids, n, to, run);
      if (run < 0) {
        const added = this.#make(ids[n], many);
        this.#refs[added] = 1;
        this.#enter(added, ids[n], many);
      } else {
        const part = this.#part(run, ids[n] | 0, many);
        if (this.#refs[part]++ > 0) pinned += many;
        else {
          this.#unlink(part);
          this.#evictable -= many;
        }
      }
      n += many;
    }
    return pinned;
  }

  /** Gives references to the first `count` ids back, the deepest first; those that nobody refers to any more become the most recently used. */
  unpin(ids: ArrayLike<number>, count: number): void {
    for (let end = count; end > 0;) {
      const run = this.#runOf.get(ids[end - 1]);
      const begin = this.#back(ids, end, run);
      const part = this.#part(run, ids[begin] | 0, end - begin);
      if (--this.#refs[part] === 0) {
        this.#append(part);
        this.#evictable += end - begin;
      }
      end = begin;
    }
  }

  /** The least recently used unpinned block; undefined where there is none. */
  get oldest(): number | undefined {
    const run = this.#records[next];
    return run === 0 ? undefined : this.#lastOf(run);
  }

  /** When that was last used. */
  get oldestAt(): number {
    return this.#usedAt[this.#records[next]];
  }

  /** Drops so many of the least recently used unpinned blocks, or all of them. */
  evict(many: number = 1): void {
    for (let left = Math.min(many, this.#evictable); left > 0;) {
      const run = this.#records[next];
      const dropped = Math.min(left, this.#records[run * words + count]);
      this.#dropLast(run, dropped);
      this.evictions += dropped;
      left -= dropped;
    }
  }

  /** Drops unpinned blocks that were last used before a time. Returns how many. */
  expire(before: number): number {
    const there = this.#evictable;
    for (let run = this.#records[next]; run !== 0 && this.#usedAt[run] < before; run = this.#records[next])
      this.#dropLast(run, this.#records[run * words + count]);
    return there - this.#evictable;
  }

  /** Takes a present, unpinned block out. */
  remove(id: number): void {
    this.#dropLast(this.#part(this.#runOf.get(id), id, 1), 1);
  }

  /** Forgets every block, pinned ones included. Not counted as evictions. */
  clear(): void {
    this.watcher?.cleared(this.#runOf.keys());
    this.#runOf.clear();
    this.#free.length = 0;
    this.#top = 1;
    this.#evictable = 0;
    this.#records[next] = 0;
    this.#records[previous] = 0;
  }

  /** How many ids, from the nth on and before another, follow each other in a run. */
  #along(ids: ArrayLike<number>, from: number, to: number, run: number): number {
    // As 32-bit integers, which runs are of.
    const least = ids[from] | 0;
    const last = this.#lastOf(run);
    let n = 1;
    while (from + n < to && least + n <= last && (ids[from + n] | 0) === least + n) n++;
    return n;
  }

  /** Where the ids begin that follow each other in a run up to the one before a place. */
  #back(ids: ArrayLike<number>, end: number, run: number): number {
    const last = ids[end - 1] | 0;
    const least = this.#records[run * words + first];
    let n = 1;
    while (n < end && last - n >= least && (ids[end - 1 - n] | 0) === last - n) n++;
    return end - n;
  }

  /** How many absent ids follow each other from the nth on, which is absent. */
  #absentFrom(ids: ArrayLike<number>, from: number, to: number): number {
    let n = 1;
    while (from + n < to && ids[from + n] === ids[from] + n && !this.has(ids[from + n])) n++;
    return n;
  }

  /** The run of a part of a run, which comes apart where that is not all of it. */
  #part(run: number, from: number, many: number): number {
    if (from + many - 1 < this.#lastOf(run)) this.#split(run, from + many);
    return from > this.#records[run * words + first] ? this.#split(run, from) : run;
  }

  /** Cuts a run in two before an id. Returns the part from there on, which is a run of its own now, used right before the other. */
  #split(run: number, at: number): number {
    const from = this.#records[run * words + first];
    const many = this.#records[run * words + count] - (at - from);
    const other = this.#make(at, many);
    const records = this.#records;
    records[run * words + count] = at - from;
    this.#runOf.setAll(at, many, other);
    this.#refs[other] = this.#refs[run];
    if (this.#refs[run] > 0) return other;
    if (this.#timed) this.#usedAt[other] = this.#usedAt[run];
    const before = records[run * words + previous];
    records[before * words + next] = other;
    records[other * words + previous] = before;
    records[other * words + next] = run;
    records[run * words + previous] = other;
    return other;
  }

  #lastOf(run: number): number {
    return this.#records[run * words + first] + this.#records[run * words + count] - 1;
  }

  /** Ids belong to a run from now on. */
  #enter(run: number, from: number, many: number): void {
    this.#runOf.setAll(from, many, run);
    const { watcher } = this;
    if (watcher !== undefined) for (let id = from; id < from + many; id++) watcher.stored(id);
  }

  /** Drops so many ids of an unpinned run, the last first. */
  #dropLast(run: number, many: number): void {
    const last = this.#lastOf(run);
    this.#runOf.deleteAll(last - many + 1, many);
    this.#records[run * words + count] -= many;
    this.#evictable -= many;
    if (this.#records[run * words + count] === 0) {
      this.#unlink(run);
      this.#free.push(run);
    }
    const { watcher } = this;
    if (watcher !== undefined) for (let id = last; id > last - many; id--) watcher.removed(id);
  }

  /** A run that nobody refers to, not in the ring yet. */
  #make(from: number, many: number): number {
    const run = this.#free.pop() ?? this.#grow();
    this.#records[run * words + first] = from;
    this.#records[run * words + count] = many;
    this.#refs[run] = 0;
    return run;
  }

  #append(run: number): void {
    const records = this.#records;
    if (this.#timed) this.#usedAt[run] = this.now;
    const last = records[previous];
    records[last * words + next] = run;
    records[run * words + previous] = last;
    records[run * words + next] = 0;
    records[previous] = run;
  }

  #unlink(run: number): void {
    const records = this.#records;
    const before = records[run * words + previous];
    const after = records[run * words + next];
    records[before * words + next] = after;
    records[after * words + previous] = before;
  }

  #grow(): number {
    if ((this.#top + 1) * words > this.#records.length) {
      this.#records = enlarged(this.#records, new Int32Array(2 * this.#records.length));
      this.#refs = enlarged(this.#refs, new Int32Array(2 * this.#refs.length));
      if (this.#timed) this.#usedAt = enlarged(this.#usedAt, new Float64Array(2 * this.#usedAt.length));
    }
    return this.#top++;
  }
}
