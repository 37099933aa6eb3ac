import type { CachedPrompts } from './cached-prompts.ts';
import type { Instance } from './instance.ts';
import { place } from './place.ts';
import type { Plant } from './plant.ts';
import { refusal } from './policies/admission.ts';
import { Fifo } from './policies/fifo.ts';
import { routerOf, type Router } from './policies/router.ts';
import { rankOver, type Pool } from './pools.ts';
import type { Rank } from './rank.ts';
import { anywhere } from './rare-fields.ts';
import { RequestInTable } from './views.ts';
import type { World } from './world.ts';

/** Where the prompts of a model go: which are let in, to which rank of the first pool, and what of them is read from the pooled cache. */
export class Entry {
  /** Prompts that no instance could take. */
  readonly stranded: Fifo = new Fifo();
  readonly #world: World;
  readonly #plant: Plant;
  readonly #pool: Pool;
  readonly #cached: CachedPrompts | undefined;
  readonly #router: Router;
  /** The request that the router is asked about. */
  readonly #asked: RequestInTable;
  /** Ranks that take prompts. */
  #ranks: readonly Rank[] = [];

  /** @param pool that prompts go to first */
  constructor(world: World, plant: Plant, pool: Pool, cached: CachedPrompts | undefined) {
    this.#world = world;
    this.#plant = plant;
    this.#pool = pool;
    this.#cached = cached;
    this.#router = routerOf(plant.policies?.router ?? 'least-loaded', plant.seed);
    this.#asked = new RequestInTable(world.table);
  }

  /** From now on the ranks of these instances take prompts. */
  open(instances: readonly Instance[]): void {
    this.#ranks = instances.flatMap(({ serving }) => serving);
  }

  /** Why a request that arrives is turned away; undefined where it is let in (ADM-1). */
  refusal(slot: number): string | undefined {
    const rule = this.#plant.policies?.admission;
    if (rule === undefined) return undefined;
    const { metrics, table } = this.#world;
    let least: Rank | undefined;
    for (const rank of this.#ranks) if (least === undefined || rank.queuedTokens < least.queuedTokens) least = rank;
    return refusal(rule, {
      inFlight: metrics.waitingNow + metrics.runningNow,
      queuedTokens: least?.queuedTokens ?? Infinity,
      promptTokens: table.prompt[slot],
      secondsPerToken: least === undefined ? 0 : this.instanceOf(least.index).pace,
    });
  }

  /** Sends a prompt to a rank, and fetches what the pooled cache has of it (RTE-1, CAC-2). */
  dispatch(slot: number): void {
    const { table, now, sink } = this.#world;
    const { sentTo, sentToRank } = table.rare.of(slot);
    const ranks = this.#ranksOf(sentTo, sentToRank);
    if (ranks.length === 0) {
      table.place[slot] = place.outside;
      this.stranded.push(slot);
      return;
    }
    if (this.#router.readsKv === true) for (const instance of this.#pool.instances) this.#world.catchUp(instance, this.#pool);
    const rank = ranks[this.#router.route(this.#about(slot), ranks)];
    const cached = this.#lookUp(slot);
    table.progress[slot] = cached;
    if (table.startedAt[slot] === -1) {
      if (now > table.arrivedAt[slot]) table.rare.own(slot).routedAt = now;
      table.readyAt[slot] = now;
      table.cachedTokens[slot] = cached;
    }
    const { name: pool, ranks: perInstance } = this.#pool.plant;
    const instance = this.instanceOf(rank.index);
    const at = rank.index % perInstance;
    sink?.({ kind: 'routed', at: now, request: table.ordinal[slot], pool, instance: instance.index, rank: at, cachedTokens: cached });
    if (cached === 0 || this.#cached?.inStep === true) {
      if (cached > 0) this.#cached?.postpone(slot);
      this.#enqueue(slot, rank);
      return;
    }
    table.source[slot] = rank.index;
    table.place[slot] = place.reading;
    rank.queuedTokens += table.prompt[slot] - cached;
    const bytes = this.#cached?.read(slot, rankOver(rank.index, this.#pool.plant)) ?? 0;
    sink?.({ kind: 'transfer-begun', at: now, request: table.ordinal[slot], errand: 'read', bytes, pool, instance: instance.index, rank: at });
  }

  /** A cached prefix has been read: the rest of the prompt is queued, or its iteration has one less to wait for. */
  read(slot: number): void {
    const { table, now, sink } = this.#world;
    sink?.({ kind: 'fetched', at: now, request: table.ordinal[slot] });
    if (this.#cached?.settle(slot) === true) {
      const instance = this.#instance(table.instance[slot]);
      instance.reads--;
      this.#world.goOn(instance);
      return;
    }
    if (table.startedAt[slot] === -1) table.readyAt[slot] = now;
    const rank = this.rank(table.source[slot]);
    rank.queuedTokens -= table.prompt[slot] - table.progress[slot];
    this.#enqueue(slot, rank);
  }

  /** Counts a look-up that has found so many tokens of a prompt. */
  countLookUp(slot: number, hit: number): void {
    const { cacheCounters, table } = this.#world;
    cacheCounters.lookups++;
    cacheCounters.promptTokens += table.prompt[slot];
    cacheCounters.tokensHit += hit;
  }

  /** Reads what was found of a prompt that an iteration has taken in, which waits for it. */
  readInStep(slot: number): void {
    const { table, now, sink } = this.#world;
    const { plant } = this.#pool;
    const [index, rank] = [table.instance[slot], table.rank[slot]];
    const bytes = this.#cached?.readNow(slot, rankOver(index * plant.ranks + rank, plant));
    if (bytes === undefined) return;
    this.#instance(index).reads++;
    sink?.({ kind: 'transfer-begun', at: now, request: table.ordinal[slot], errand: 'read', bytes, pool: plant.name, instance: index, rank });
  }

  /** The instance of a rank over all instances of the pool. */
  instanceOf(rank: number): Instance {
    return this.#pool.instances[Math.floor(rank / this.#pool.plant.ranks)];
  }

  /** By its number over all instances of the pool. */
  rank(index: number): Rank {
    return this.instanceOf(index).ranks[index % this.#pool.plant.ranks];
  }

  /** Ranks that may take a prompt that was sent to an instance of the pool, or to a rank of that; `anywhere`: to the deployment, to any rank. */
  #ranksOf(instance: number, rank: number): readonly Rank[] {
    if (instance === anywhere) return this.#ranks;
    const { ranks, instances } = this.#pool.plant;
    return this.#ranks.filter(({ index }) => Math.floor(index / ranks) % instances === instance && (rank < 0 || index % ranks === rank));
  }

  #about(slot: number): RequestInTable {
    this.#asked.slot = slot;
    return this.#asked;
  }

  #instance(index: number): Instance {
    return this.#pool.instances[index - this.#pool.first];
  }

  #enqueue(slot: number, rank: Rank): void {
    const instance = this.instanceOf(rank.index);
    this.#world.touch(instance, this.#pool);
    instance.enqueue(slot, rank.index % this.#pool.plant.ranks);
    this.#world.wake(instance);
  }

  /** Prompt tokens whose KV the pooled cache holds. */
  #lookUp(slot: number): number {
    if (this.#cached === undefined) return 0;
    const hit = this.#cached.lookUp(slot);
    this.countLookUp(slot, hit);
    return hit;
  }
}
