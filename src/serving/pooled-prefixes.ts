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
 * Blocks of prompt prefixes by id, in their order of use. An id names a whole prefix, so a prompt's cached part is its leading run of ids that are present.
 *
 * Most ids of a prompt follow each other, and were used together before, the deepest least recently. Such a run is one record: it is found, used and kept at once, and
 * its last id is the first to go. It comes apart where a prompt uses a part of it.
 */
export class PooledPrefixes {
  /** Blocks that it should hold at most; the owner sees to it. */
  capacity = 0;
  readonly #runOf = new RunMap();
  /** Run 0 is the ring's sentinel: next is the least recently used, previous the most. */
  #records: Int32Array<ArrayBuffer> = new Int32Array(256 * words);
  /** When each was last used; empty where the owner does not ask. */
  #usedAt: Float64Array<ArrayBuffer>;
  readonly #timed: boolean;
  readonly #free: number[] = [];
  #top = 1;
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

  has(id: number): boolean {
    return this.#runOf.has(id);
  }

  /** Length of the leading run of ids that are present, at most `limit`, which are made the most recently used, the deepest first. */
  use(ids: ArrayLike<number>, limit: number): number {
    let n = 0;
    while (n < limit) {
      const run = this.#runOf.get(ids[n]);
      if (run < 0) break;
      n += this.#along(ids, n, limit, run);
    }
    this.touch(ids, n);
    return n;
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

  /** Marks those of the first `limit` ids that are present as just used, the deepest first, so that a prefix outlives what builds on it. Returns how many are absent. */
  touch(ids: ArrayLike<number>, limit: number): number {
    let absent = 0;
    for (let end = limit; end > 0;) {
      const last = ids[end - 1] | 0;
      const run = this.#runOf.get(last);
      if (run < 0) {
        absent++;
        end--;
        continue;
      }
      const least = this.#records[run * words + first];
      let n = 1;
      while (n < end && last - n >= least && (ids[end - 1 - n] | 0) === last - n) n++;
      const used = this.#part(run, last - n + 1, last);
      this.#unlink(used);
      this.#append(used);
      end -= n;
    }
    return absent;
  }

  /** Adds so many absent ids that follow each other as the most recently used, the last of them least so. */
  add(from: number, many: number): void {
    const run = this.#make(from, many);
    this.#append(run);
    for (let id = from; id < from + many; id++) {
      this.#runOf.set(id, run);
      this.watcher?.stored(id);
    }
  }

  /** The least recently used block; undefined where there is none. */
  get oldest(): number | undefined {
    const run = this.#records[next];
    return run === 0 ? undefined : this.#lastOf(run);
  }

  /** When that was last used. */
  get oldestAt(): number {
    return this.#usedAt[this.#records[next]];
  }

  /** Drops the least recently used block. Returns whether there was one. */
  evict(): boolean {
    const run = this.#records[next];
    if (run === 0) return false;
    this.#dropLast(run);
    this.evictions++;
    return true;
  }

  /** Drops blocks that were last used before a time. Returns how many. */
  expire(before: number): number {
    let dropped = 0;
    for (let run = this.#records[next]; run !== 0 && this.#usedAt[run] < before; run = this.#records[next]) {
      this.#dropLast(run);
      dropped++;
    }
    return dropped;
  }

  /** Takes a present block out. */
  remove(id: number): void {
    this.#dropLast(this.#part(this.#runOf.get(id), id, id));
  }

  /** Forgets every block. Not counted as evictions. */
  clear(): void {
    this.watcher?.cleared(this.#runOf.keys());
    this.#runOf.clear();
    this.#free.length = 0;
    this.#top = 1;
    this.#records[next] = 0;
    this.#records[previous] = 0;
  }

  /** Present blocks, in no order. */
  ids(): IterableIterator<number> {
    return this.#runOf.keys();
  }

  /** How many ids from the nth to before another follow each other in a run. */
  #along(ids: ArrayLike<number>, from: number, to: number, run: number): number {
    // As 32-bit integers, which runs are of.
    const least = ids[from] | 0;
    const last = this.#lastOf(run);
    let n = 1;
    while (from + n < to && least + n <= last && (ids[from + n] | 0) === least + n) n++;
    return n;
  }

  /** The run of a part of a run, which comes apart where that is not all of it. */
  #part(run: number, from: number, to: number): number {
    if (to < this.#lastOf(run)) this.#split(run, to + 1);
    return from > this.#records[run * words + first] ? this.#split(run, from) : run;
  }

  /** Cuts a run in two before an id. Returns the part from there on, which is a run of its own now, used right before the other. */
  #split(run: number, at: number): number {
    const from = this.#records[run * words + first];
    const many = this.#records[run * words + count];
    const other = this.#make(at, many - (at - from));
    const records = this.#records;
    records[run * words + count] = at - from;
    for (let id = at; id < from + many; id++) this.#runOf.set(id, other);
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

  #dropLast(run: number): void {
    const id = this.#lastOf(run);
    this.#runOf.delete(id);
    if (--this.#records[run * words + count] === 0) {
      this.#unlink(run);
      this.#free.push(run);
    }
    this.watcher?.removed(id);
  }

  /** A run that is not in the ring yet. */
  #make(from: number, many: number): number {
    const run = this.#free.pop() ?? this.#grow();
    this.#records[run * words + first] = from;
    this.#records[run * words + count] = many;
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
      if (this.#timed) this.#usedAt = enlarged(this.#usedAt, new Float64Array(2 * this.#usedAt.length));
    }
    return this.#top++;
  }
}
