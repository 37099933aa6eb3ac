import type { CachePlant } from './plant.ts';

interface Unit {
  readonly id: number;
  readonly usedAt: number;
}

/** Prefix units as a list, least recently used first. Written from docs/spec/serving.md (CAC), not from the engine. */
export class NaiveCache {
  ids: number[] = [];
  evictions = 0;

  /** Length of the leading run that is present, at most `limit`. */
  run(ids: readonly number[], limit: number): number {
    const leading = ids.slice(0, limit);
    const absent = leading.findIndex((id) => !this.ids.includes(id));
    return absent < 0 ? leading.length : absent;
  }

  /** Makes units the most recently used, the deepest least so, keeps them all, and drops what is over the capacity. */
  use(ids: readonly number[], capacity: number): void {
    const before = this.ids;
    const all = [...before.filter((id) => !ids.includes(id)), ...ids.toReversed()];
    this.ids = all.slice(Math.max(0, all.length - capacity));
    this.evictions += before.filter((id) => !this.ids.includes(id)).length;
  }
}

/** The pooled cache of the twin: memory and storage as lists, least recently used first (CAC-2, CAC-5, CAC-6). */
export class NaivePool {
  readonly #plant: CachePlant;
  memory: Unit[] = [];
  storage: Unit[] = [];
  evictions = 0;
  expired = 0;
  spilt = 0;
  #unit = 0;

  constructor(plant: CachePlant) {
    this.#plant = plant;
  }

  #units(bytes: number): number {
    return Math.floor(bytes / (this.#unit * this.#plant.bytesPerToken));
  }

  get capacity(): number {
    return this.#units(this.#plant.capacity);
  }

  get room(): number {
    return this.#units(this.#plant.storage?.capacity ?? 0);
  }

  begin(unitTokens: number, now: number): void {
    if (this.#unit === 0) this.#unit = unitTokens;
    const { ttl = Infinity } = this.#plant;
    for (const list of [this.memory, this.storage])
      while ((list[0]?.usedAt ?? Infinity) < now - ttl) {
        list.shift();
        this.expired++;
      }
  }

  /** Leading units that are there: those in memory and those in storage only. */
  lookUp(ids: readonly number[], limit: number, now: number): { readonly inMemory: readonly number[]; readonly inStorage: readonly number[] } {
    const has = (list: readonly Unit[], id: number) => list.some((unit) => unit.id === id);
    const leading = ids.slice(0, limit);
    const absent = leading.findIndex((id) => !has(this.memory, id) && !has(this.storage, id));
    const found = absent < 0 ? leading : leading.slice(0, absent);
    const inMemory = found.filter((id) => has(this.memory, id));
    const inStorage = found.filter((id) => !has(this.memory, id));
    this.use(found, now);
    const touched = found.filter((id) => has(this.storage, id)).toReversed();
    this.storage = [...this.storage.filter(({ id }) => !touched.includes(id)), ...touched.map((id) => ({ id, usedAt: now }))];
    return { inMemory, inStorage };
  }

  /** Of the units that fit, how many each tier has to be sent. */
  lacks(ids: readonly number[]): { readonly missing: number; readonly unstored: number } {
    const absent = (list: readonly Unit[], room: number) => ids.slice(0, room).filter((id) => !list.some((unit) => unit.id === id)).length;
    const through = this.#plant.storage?.write === 'through';
    return { missing: absent(this.memory, this.capacity), unstored: through ? absent(this.storage, this.room) : 0 };
  }

  land(ids: readonly number[], now: number): void {
    this.use(ids, now);
    if (this.#plant.storage?.write !== 'through') return;
    const all = [...this.storage.filter(({ id }) => !ids.includes(id)), ...ids.toReversed().map((id) => ({ id, usedAt: now }))];
    this.storage = all.slice(Math.max(0, all.length - this.room));
  }

  use(ids: readonly number[], now: number): void {
    const back = this.#plant.storage?.write === 'back';
    const kept = ids.slice(0, this.capacity);
    const known = kept.filter((id) => this.memory.some((unit) => unit.id === id));
    this.memory = [...this.memory.filter(({ id }) => !known.includes(id)), ...known.toReversed().map((id) => ({ id, usedAt: now }))];
    for (const id of kept) {
      if (known.includes(id)) continue;
      if (back) this.storage = this.storage.filter((unit) => unit.id !== id);
      while (this.memory.length >= this.capacity) {
        const dropped = this.memory.shift() as Unit;
        this.evictions++;
        if (!back || this.room === 0) continue;
        this.spilt++;
        this.storage = [...this.storage, dropped].slice(-this.room);
      }
      this.memory.push({ id, usedAt: now });
    }
    this.memory = [...this.memory.filter(({ id }) => !kept.includes(id)), ...kept.toReversed().map((id) => ({ id, usedAt: now }))];
  }
}

/** Trace blocks that make one unit: enough for the pool's block, or a whole number of KV blocks. */
export function blocksOfUnit(traceBlock: number, poolBlock: number | undefined, kvBlock: number): number {
  let count = 1;
  while (poolBlock === undefined ? (count * traceBlock) % kvBlock !== 0 : count * traceBlock < poolBlock) count++;
  return count;
}
