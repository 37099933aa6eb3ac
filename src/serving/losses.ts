import type { CachedPrompts } from './cached-prompts.ts';
import type { Errand } from './events.ts';
import type { Instance } from './instance.ts';
import { place, runs } from './place.ts';
import type { Fifo } from './policies/fifo.ts';
import type { Pool } from './pools.ts';
import type { World } from './world.ts';

/** The parts of a service that hold requests. */
export interface Holders {
  readonly entry: Pool;
  /** By number over all pools. */
  readonly instance: (index: number) => Instance;
  readonly poolOf: (instance: Instance) => Pool;
  readonly cached: CachedPrompts | undefined;
  /** Prompts whose KV waits for a place to decode. */
  readonly moving: Fifo | undefined;
}

/** Takes requests from where their KV was lost. */
export class Losses {
  readonly #world: World;
  readonly #of: Holders;

  constructor(world: World, of: Holders) {
    this.#world = world;
    this.#of = of;
  }

  /**
   * Takes away all that an instance holds. Prompts that another rank still holds the KV of wait again for a place to decode; `interrupted` gets the
   * others, in order of their arrival.
   * @param batches in flight of the instance, all of them
   * @param ranks by number, where it loses what only those hold; what was being computed is lost in any case
   */
  wipe(instance: Instance, batches: readonly Instance[], interrupted: (slot: number) => void, ranks?: ReadonlySet<number>): void {
    const { table, metrics, now, sink } = this.#world;
    const { entry, poolOf, moving, cached } = this.#of;
    const here = new Set(batches.map(({ index }) => index));
    const goes = (index: number, rank: number): boolean => here.has(index) && (ranks === undefined || ranks.has(rank));
    const entries = entry.plant.ranks;
    const lost: number[] = [];
    const again: number[] = [];
    for (const slot of table.slots()) {
      const at = table.place[slot];
      const sourceLost =
        at === place.reading || at === place.holding || at === place.pushing
          ? goes(Math.floor(table.source[slot] / entries), table.source[slot] % entries)
          : false;
      const lostHere = at >= place.queued && at !== place.holding ? goes(table.instance[slot], table.rank[slot]) : false;
      if (sourceLost) lost.push(slot);
      else if (lostHere) (at === place.pushing ? again : lost).push(slot);
    }
    for (const batch of batches) this.#uncredit(batch);
    if (ranks !== undefined) for (const batch of batches) batch.abandon();
    const byArrival = (a: number, b: number): number => table.ordinal[a] - table.ordinal[b];
    for (const slot of lost.sort(byArrival)) this.#take(slot);
    for (const slot of again.sort(byArrival)) {
      this.cancel(slot, 'push');
      table.place[slot] = place.holding;
      moving?.push(slot);
    }
    const first = poolOf(instance) === entry ? instance.index % entry.plant.instances : -1;
    const gone = ranks ?? batches[0].ranks.keys();
    if (first >= 0) for (const rank of gone) cached?.lose(first * entries + rank, first * entries + rank + 1);
    for (const batch of batches) {
      if (ranks === undefined) batch.clear();
      else for (const rank of ranks) batch.ranks[rank].clear();
    }
    batches[0]?.pipeline?.clear();
    for (const slot of lost) {
      if (runs(table.place[slot])) metrics.change(now, 1, -1);
      table.place[slot] = place.outside;
      table.rare.own(slot).interruptions++;
      metrics.at(now).interrupted++;
      sink?.({ kind: 'interrupted', at: now, request: table.ordinal[slot] });
    }
    for (const slot of lost) interrupted(slot);
  }

  /** What a running iteration was credited with will not come out. */
  #uncredit(batch: Instance): void {
    if (!batch.running) return;
    const interval = this.#world.metrics.at(this.#world.now);
    const emitted = batch.iteration.decoding * batch.options.acceptance.mean;
    interval.outputServed -= emitted;
    interval.pools[this.#of.poolOf(batch).index].decodeTokens -= emitted;
  }

  /** What is read for a request while its iteration waits for it will not come. Returns whether anything was. */
  unread(slot: number): boolean {
    if (this.#of.cached?.settle(slot) !== true) return false;
    this.cancel(slot, 'read');
    this.#of.instance(this.#world.table.instance[slot]).reads--;
    return true;
  }

  /** Takes a request whose KV is lost out of whatever waits for it. */
  #take(slot: number): void {
    const { table } = this.#world;
    const at = table.place[slot];
    if (at === place.reading) this.cancel(slot, 'read');
    this.unread(slot);
    if (at === place.holding) this.#of.moving?.remove(slot);
    if (at === place.pushing || at === place.landing) this.cancel(slot, 'push');
    if (at === place.pushing) this.#of.instance(table.instance[slot]).withdraw(slot);
    if (at === place.decoding) this.#of.instance(table.instance[slot]).interrupt(slot);
  }

  /** What is under way, or just arriving, will not come. */
  cancel(slot: number, errand: Errand): void {
    const { table, now, transport, sink } = this.#world;
    transport.cancel(now, slot, errand);
    sink?.({ kind: 'transfer-lost', at: now, request: table.ordinal[slot], errand });
  }
}
