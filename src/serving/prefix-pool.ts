import type { Seconds } from '../base/units.ts';
import { idsOf, lengthOf, startOf, type IdRuns } from '../kernel/id-runs.ts';
import { mix } from '../kernel/random.ts';
import { StackDistances } from '../kernel/stack-distances.ts';
import type { CachePlant } from './plant.ts';
import { PrefixCache } from './prefix-cache.ts';
import type { RequestTable } from './request-table.ts';

/** Units of a prompt on their way into the pool. */
export interface Kept {
  readonly ids: IdRuns;
  readonly unitTokens: number;
  /** Of them in memory, and in storage, those that were not there. */
  readonly missing: number;
  readonly unstored: number;
}

/**
 * The prefix cache in pooled host memory, with storage below it: looked up on arrival, written when a prompt has been computed (CAC-2). Units are spread over the
 * memory of nodes by a hash of their ids (CAC-4).
 */
export class PrefixPool {
  readonly #table: RequestTable;
  readonly #plant: CachePlant;
  /** Units in memory, and below it. */
  readonly cache: PrefixCache;
  readonly storage: PrefixCache;
  /** Tokens of a unit, set by the first prompt that has any. */
  unitTokens = 0;
  /** What the last look-up found: units in the memory of each node, and in storage. */
  readonly found: Int32Array;
  stored = 0;
  /** Tokens found in storage so far; units that were too old; units that memory gave to storage, ever and since that was last asked. */
  tokensStored = 0;
  expired = 0;
  spilt = 0;
  #spilling = 0;
  /** How far back in the order of use each unit was found: what other capacities would have held. */
  readonly distances: StackDistances = new StackDistances(16_384);
  readonly #alive: boolean[];
  /** Nodes that are not there. */
  #lost = 0;

  constructor(table: RequestTable, plant: CachePlant) {
    this.#table = table;
    this.#plant = plant;
    const timed = plant.ttl !== undefined || plant.storage !== undefined;
    this.cache = new PrefixCache(timed);
    this.storage = new PrefixCache(timed);
    this.found = new Int32Array(plant.nodes.length);
    this.#alive = plant.nodes.map(() => true);
  }

  /** In memory. [B] */
  get used(): number {
    return this.cache.size * this.unitTokens * this.#plant.bytesPerToken;
  }

  /** The node whose memory has a unit: the first of its hashes that falls on one that is there. */
  nodeOf(id: number): number {
    const nodes = this.#alive.length;
    if (this.#lost === 0) return nodeByHash(id, 0, nodes);
    if (this.#lost === nodes) return -1;
    let node = nodeByHash(id, 0, nodes);
    for (let turn = 1; !this.#alive[node]; turn++) node = nodeByHash(id, turn, nodes);
    return node;
  }

  /** Prompt tokens whose KV is in the pool, now the most recently used; at least one token is left to compute. */
  lookUp(slot: number, now: Seconds): number {
    const table = this.#table;
    const unit = table.blockTokens[slot];
    if (unit === 0) return 0;
    this.found.fill(0);
    this.stored = 0;
    this.#begin(unit, now);
    const ids = table.blocks(slot);
    const limit = Math.min(lengthOf(ids), Math.floor((table.prompt[slot] - 1) / unit));
    const units = this.storage.size === 0 ? this.#findInMemory(ids, limit) : this.#findInBoth(ids, limit);
    this.tokensStored += this.stored * unit;
    return units * unit;
  }

  #findInMemory(ids: IdRuns, limit: number): number {
    this.#measure(ids, limit);
    const units = this.cache.use(ids, limit);
    for (let at = 0, n = 0; n < units; at += 2) {
      const last = ids[at] + Math.min(units, ids[at + 1]) - n;
      for (let id = ids[at]; id < last; id++) this.found[this.nodeOf(id)]++;
      n = ids[at + 1];
    }
    return units;
  }

  #findInBoth(runs: IdRuns, limit: number): number {
    const ids = idsOf(runs, limit);
    let units = 0;
    for (; units < limit; units++) {
      const id = ids[units];
      if (this.cache.has(id)) this.found[this.nodeOf(id)]++;
      else if (this.storage.has(id)) this.stored++;
      else break;
    }
    this.#measure(runs, limit);
    if (this.stored === 0) this.cache.touch(runs, Math.min(units, this.cache.capacity));
    else this.#use(runs, units);
    this.storage.touch(runs, units);
    return units;
  }

  /** Counts how far back each of the first `limit` ids is. */
  #measure(ids: IdRuns, limit: number): void {
    for (let at = 0, n = 0; n < limit; n = ids[at + 1], at += 2) this.distances.measure(ids[at], Math.min(limit, ids[at + 1]) - n);
  }

  /** What has to be written of a computed prompt, of its units as many as fit. What is there already is the most recently used now. */
  keep(slot: number, now: Seconds): Kept | undefined {
    const unit = this.#table.blockTokens[slot];
    if (unit === 0) return undefined;
    this.#begin(unit, now);
    const ids = this.#table.blocks(slot);
    for (let at = ids.length - 2; at >= 0; at -= 2) this.distances.touch(ids[at], ids[at + 1] - startOf(ids, at));
    const through = this.#plant.storage?.write === 'through';
    const missing = absentOf(ids, this.cache);
    const unstored = through ? absentOf(ids, this.storage) : 0;
    if (missing + unstored > 0) return { ids, unitTokens: unit, missing, unstored };
    this.#land(ids);
    return undefined;
  }

  /** Drops all that memory and storage have. */
  clear(): void {
    this.cache.clear();
    this.storage.clear();
  }

  /** What was written is there. */
  land({ ids, unitTokens }: Kept, now: Seconds): void {
    this.#begin(unitTokens, now);
    this.#land(ids);
  }

  #land(ids: IdRuns): void {
    this.#use(ids, lengthOf(ids));
    if (this.#plant.storage?.write === 'through') put(this.storage, ids, lengthOf(ids), (many) => this.storage.evict(many));
  }

  /** Units that memory has given to storage since this was last asked. */
  takeSpilt(): number {
    const units = this.#spilling;
    this.#spilling = 0;
    return units;
  }

  /** Takes the memory of a node away, with what it held, or gives it back empty. Units that are looked for elsewhere from now on are lost too. */
  setNode(node: number, alive: boolean): void {
    if (this.#alive[node] === alive) return;
    const before = new Map([...this.cache.ids()].map((id) => [id, this.nodeOf(id)]));
    this.#alive[node] = alive;
    this.#lost += alive ? -1 : 1;
    for (const [id, at] of before) if (this.nodeOf(id) !== at) this.cache.remove(id);
    this.#size();
    this.#evict(this.cache.size - this.cache.capacity);
  }

  #begin(unitTokens: number, now: Seconds): void {
    const { ttl } = this.#plant;
    if (this.unitTokens === 0) {
      this.unitTokens = unitTokens;
      this.#size();
    }
    this.cache.now = now;
    this.storage.now = now;
    if (ttl !== undefined) this.expired += this.cache.expire(now - ttl) + this.storage.expire(now - ttl);
  }

  #size(): void {
    if (this.unitTokens === 0) return;
    const unit = this.unitTokens * this.#plant.bytesPerToken;
    const there = 1 - this.#lost / this.#alive.length;
    this.cache.capacity = Math.floor((this.#plant.capacity * there) / unit);
    this.storage.capacity = Math.floor((this.#plant.storage?.capacity ?? 0) / unit);
  }

  /** Makes units the most recently used in memory; those that come from storage leave it where it has only what memory dropped. */
  #use(ids: IdRuns, count: number): void {
    put(this.cache, ids, count, this.#evict, this.#plant.storage?.write === 'back' ? this.#taken : undefined);
  }

  readonly #taken = (id: number): void => {
    if (this.storage.has(id)) this.storage.remove(id);
  };

  readonly #evict = (many: number): void => {
    const { cache, storage } = this;
    if (this.#plant.storage?.write !== 'back' || storage.capacity === 0) {
      cache.evict(many);
      return;
    }
    for (let left = many; left > 0; left--) {
      const { oldest: id, oldestAt } = cache;
      cache.evict();
      if (id === undefined) return;
      storage.now = oldestAt;
      if (storage.size >= storage.capacity) storage.evict();
      storage.add(id, 1);
      storage.now = cache.now;
      this.spilt++;
      this.#spilling++;
    }
  };
}

/** Where the hash of a unit falls in its nth turn. */
export function nodeByHash(id: number, turn: number, nodes: number): number {
  const hash = mix(id ^ Math.imul(turn + 1, 0x9e3779b1));
  // A division takes longer than the hash.
  return (nodes & (nodes - 1)) === 0 ? hash & (nodes - 1) : hash % nodes;
}

/** How many of as many units as fit are absent. */
function absentOf(ids: IdRuns, cache: PrefixCache): number {
  return cache.absent(ids, Math.min(lengthOf(ids), cache.capacity));
}

/** Makes units the most recently used; `evict` makes room for those that are added, of each of which `adding` is told before. */
function put(cache: PrefixCache, ids: IdRuns, count: number, evict: (many: number) => void, adding?: (id: number) => void): void {
  const kept = Math.min(count, cache.capacity);
  // What is there already is used first, so that what is added drops other prefixes, or units too deep to be kept.
  if (cache.touch(ids, kept) === 0) return;
  for (let at = 0, n = 0; n < kept; at += 2) {
    const end = Math.min(kept, ids[at + 1]);
    for (let id = ids[at]; n < end;) {
      const absent = cache.gap(id, end - n);
      if (adding === undefined) evict(cache.size + absent - cache.capacity);
      else
        for (let i = 0; i < absent; i++) {
          adding(id + i);
          evict(cache.size + i + 1 - cache.capacity);
        }
      if (absent > 0) cache.add(id, absent);
      const many = Math.max(1, absent);
      id += many;
      n += many;
    }
  }
  cache.touch(ids, kept);
}
