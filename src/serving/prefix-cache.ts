import { enlarged } from '../kernel/enlarged.ts';
import { runAt, startOf, type IdRuns } from '../kernel/id-runs.ts';
import { RunMap } from '../kernel/run-map.ts';
import type { PrefixWatcher } from './prefix-watcher.ts';

/** A run's record of 32-bit words, one after another in memory: its first id, how many it has, the runs that were used after and before it. */
const words = 4;
const begin = 0;
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
  match(ids: IdRuns, limit: number): number {
    let n = 0;
    for (let at = 0; n < limit; at += 2) {
      const end = Math.min(limit, ids[at + 1]);
      for (let id = ids[at]; n < end;) {
        const run = this.#runOf.get(id);
        if (run < 0) return n;
        const many = this.#along(id, end - n, run);
        n += many;
        id += many;
      }
    }
    return n;
  }

  /** The same; they are made the most recently used, the deepest first. */
  use(ids: IdRuns, limit: number): number {
    const found = this.match(ids, limit);
    this.touch(ids, found);
    return found;
  }

  /** How many of the first `limit` ids are absent. */
  absent(ids: IdRuns, limit: number): number {
    return limit - this.#present(ids, limit, false);
  }

  /** How many of so many ids that follow each other come before the first one that is present. */
  gap(from: number, many: number): number {
    return this.#runOf.gap(from, many);
  }

  /** How many of the first `limit` ids, which are present, are unpinned: what pinning them takes away from the evictable ones. */
  unpinned(ids: IdRuns, limit: number): number {
    return this.#present(ids, limit, true);
  }

  /** How many of the first `limit` ids are present, or of those the ones that nobody refers to. */
  #present(ids: IdRuns, limit: number, unpinned: boolean): number {
    let present = 0;
    for (let at = 0, n = 0; n < limit; at += 2) {
      const end = Math.min(limit, ids[at + 1]);
      for (let id = ids[at]; n < end;) {
        const run = this.#runOf.get(id);
        const many = run < 0 ? this.gap(id, end - n) : this.#along(id, end - n, run);
        if (run >= 0 && !(unpinned && this.#refs[run] > 0)) present += many;
        n += many;
        id += many;
      }
    }
    return present;
  }

  /**
   * Marks those of the first `limit` ids that are present as just used, the deepest first, so that a prefix outlives what builds on it. None is pinned.
   * Returns how many are absent.
   */
  touch(ids: IdRuns, limit: number): number {
    let absent = 0;
    for (let at = runAt(ids, limit), end = limit; end > 0; at -= 2) {
      const start = startOf(ids, at);
      const first = ids[at];
      for (let id = first + end - start - 1; id >= first;) {
        const run = this.#runOf.get(id);
        if (run < 0) {
          absent++;
          id--;
          continue;
        }
        const from = Math.max(first, this.#records[run * words + begin]);
        const used = this.#part(run, from, id - from + 1);
        this.#unlink(used);
        this.#append(used);
        id = from - 1;
      }
      end = start;
    }
    return absent;
  }

  /** Adds so many absent ids that follow each other as the most recently used, the last of them least so. */
  add(from: number, many: number): void {
    const latest = this.#records[previous];
    // One that goes right before what was added last is part of its run.
    if (latest !== 0 && this.#records[latest * words + begin] === from + many && (!this.#timed || this.#usedAt[latest] === this.now)) {
      this.#records[latest * words + begin] = from;
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
  pin(ids: IdRuns, from: number, to: number): number {
    let pinned = 0;
    for (let at = runAt(ids, from + 1), n = from; n < to; at += 2) {
      const end = Math.min(to, ids[at + 1]);
      for (let id = ids[at] + n - startOf(ids, at); n < end;) {
        const run = this.#runOf.get(id);
        const many = run < 0 ? this.gap(id, end - n) : this.#along(id, end - n, run);
        if (run < 0) {
          const added = this.#make(id, many);
          this.#refs[added] = 1;
          this.#enter(added, id, many);
        } else {
          const part = this.#part(run, id, many);
          if (this.#refs[part]++ > 0) pinned += many;
          else {
            this.#unlink(part);
            this.#evictable -= many;
          }
        }
        n += many;
        id += many;
      }
    }
    return pinned;
  }

  /** Gives references to the first `count` ids back, the deepest first; those that nobody refers to any more become the most recently used. */
  unpin(ids: IdRuns, count: number): void {
    for (let at = runAt(ids, count), end = count; end > 0; at -= 2) {
      const start = startOf(ids, at);
      const first = ids[at];
      for (let id = first + end - start - 1; id >= first;) {
        const run = this.#runOf.get(id);
        const from = Math.max(first, this.#records[run * words + begin]);
        const part = this.#part(run, from, id - from + 1);
        if (--this.#refs[part] === 0) {
          this.#append(part);
          this.#evictable += id - from + 1;
        }
        id = from - 1;
      }
      end = start;
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

  /** How many of so many ids from one on, which is in a run, are in it. */
  #along(id: number, most: number, run: number): number {
    return Math.min(most, this.#lastOf(run) - id + 1);
  }

  /** The run of a part of a run, which comes apart where that is not all of it. */
  #part(run: number, from: number, many: number): number {
    if (from + many - 1 < this.#lastOf(run)) this.#split(run, from + many);
    return from > this.#records[run * words + begin] ? this.#split(run, from) : run;
  }

  /** Cuts a run in two before an id. Returns the part from there on, which is a run of its own now, used right before the other. */
  #split(run: number, at: number): number {
    const from = this.#records[run * words + begin];
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
    return this.#records[run * words + begin] + this.#records[run * words + count] - 1;
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
    this.#records[run * words + begin] = from;
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
