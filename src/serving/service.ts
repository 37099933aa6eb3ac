import { Acceptance } from './acceptance.ts';
import { Accounts } from './accounts.ts';
import { CachedPrompts } from './cached-prompts.ts';
import type { Errand } from './events.ts';
import { Entry } from './entry.ts';
import type { InstanceListener } from './instance-listener.ts';
import type { Instance } from './instance.ts';
import { Losses } from './losses.ts';
import { Moves } from './moves.ts';
import { pending } from './pending.ts';
import { Shares } from './policies/fair-queue.ts';
import { queueOf } from './policies/scheduler.ts';
import { place } from './place.ts';
import type { Plant, PoolPlant } from './plant.ts';
import { poolOf, rankOver, type Pool } from './pools.ts';
import type { PrefixPool } from './prefix-pool.ts';
import type { Rank } from './rank.ts';
import { States } from './states.ts';
import { held } from './rare-fields.ts';
import { RequestInTable, waitingView } from './views.ts';
import type { WaitingQueue } from './policies/waiting-queue.ts';
import type { World } from './world.ts';

/** Cause of requests that found too little of their prompt in caches. */
export const cacheMissed = 'too little of its prompt was cached';

/** The pools that serve a model: what becomes of prompts, of their KV, and of what instances hold that come, go or are lost. */
export class Service {
  readonly pools: readonly Pool[];
  readonly #cached: CachedPrompts | undefined;
  readonly #world: World;
  readonly #plant: Plant;
  /** The pool that prompts go to first, and what brings them there. */
  readonly #entryPool: Pool;
  readonly #entry: Entry;
  readonly #decode: Pool | undefined;
  readonly #accounts: Accounts;
  readonly #states: States;
  readonly #losses: Losses;
  readonly #shares: Shares;
  /** Absent where prompts decode where they are computed. */
  readonly #moves: Moves | undefined;
  /** Instances that finish what they have, and who is told when one has. */
  readonly #draining = new Set<Instance>();
  onDrained: (instance: Instance) => void = () => {};

  /** @param firstPool number of its first pool over all services, and of its first instance */
  constructor(world: World, plant: Plant, firstPool: number = 0, firstInstance: number = 0) {
    this.#world = world;
    this.#plant = plant;
    const { policies = {}, tenants = [] } = plant;
    const { table } = world;
    const view = waitingView(table, plant.slo, tenants);
    this.#shares = new Shares(tenants.map(({ weight }) => weight));
    const asked = new RequestInTable(table);
    const cachedOf = (rank: Rank, slot: number): number => {
      asked.slot = slot;
      return rank.cachedTokens(asked);
    };
    const queue = (rank: Rank): WaitingQueue => queueOf(policies.scheduler ?? 'fcfs', view, (slot) => cachedOf(rank, slot), this.#shares);
    const answering = plant.pools[plant.pools.length - 1];
    this.#accounts = new Accounts(world, plant, this.#shares, new Acceptance(plant.seed, answering.acceptance).mean);
    let first = firstInstance;
    this.pools = plant.pools.map((pool, p) => {
      const made = poolOf(pool, firstPool + p, first, plant.seed, table, this.#listener(pool, firstPool + p), queue);
      first += made.instances.length;
      for (const instance of made.instances) if ((instance.index - made.first) % pool.instances >= (pool.atStart ?? Infinity)) instance.state = 'off';
      return made;
    });
    this.#entryPool = this.pools[0];
    this.#decode = this.pools[1];
    if (plant.pools.length > 1) this.#moves = new Moves(world, this.#entryPool.plant, this.#decode);
    if (plant.cache !== undefined) this.#cached = new CachedPrompts(world, plant.cache);
    this.#entry = new Entry(world, plant, this.#entryPool, this.#cached);
    this.#losses = new Losses(world, {
      entry: this.#entryPool,
      instance: (index) => this.instance(index),
      poolOf: (instance) => this.poolOf(instance),
      cached: this.#cached,
      moving: this.#moves?.waiting,
    });
    this.#states = new States(world, this.pools);
    this.#recount();
  }

  /** Prompts that wait because no instance could take them. */
  get stranded(): number {
    return this.#entry.stranded.size;
  }

  /** Longest prompt and answer together, and what sets it. */
  get limits(): Pick<Plant, 'maxContext' | 'maxContextOf'> {
    return this.#plant;
  }

  get prefixes(): PrefixPool | undefined {
    return this.#cached?.pool;
  }

  poolOf(instance: Instance): Pool {
    return instance.index - this.#entryPool.first < this.#entryPool.instances.length ? this.#entryPool : (this.#decode as Pool);
  }

  /** Why a request that arrives is turned away; undefined where it is let in (ADM-1). */
  refusal(slot: number): string | undefined {
    return this.#entry.refusal(slot);
  }

  /** Sends a prompt to a rank. */
  dispatch(slot: number): void {
    this.#entry.dispatch(slot);
  }

  /** A cached prefix has been read. */
  read(slot: number): void {
    this.#entry.read(slot);
  }

  /** All of a transfer has left its source. */
  left(slot: number, errand: Errand): void {
    const { table, now, sink } = this.#world;
    sink?.({ kind: 'transfer-ended', at: now, request: table.ordinal[slot], errand });
    if (errand === 'read') return;
    table.place[slot] = place.landing;
    this.#releaseSource(slot);
  }

  /** The KV of a promised request has arrived where it decodes. */
  landed(slot: number): void {
    const { table, now, sink } = this.#world;
    table.movedAt[slot] = now;
    const instance = this.instance(table.instance[slot]);
    sink?.({ kind: 'moved', at: now, request: table.ordinal[slot], instance: instance.index, rank: table.rank[slot] });
    instance.arrive(slot);
    this.#world.wake(instance);
  }

  /** Hands out what a preemption in the iteration that has just begun left free. */
  settle(): void {
    if (this.#moves?.vacated === true) this.#moves.begin();
  }

  /** Nothing on an instance goes on, until each pause has its `resume`. */
  pause(instance: Instance): void {
    for (const batch of instance.batches) batch.pause(this.#world.now);
    this.#states.tell(instance);
  }

  /** An instance goes on with what it has, or from nothing, unless something else keeps it. */
  resume(instance: Instance): void {
    const { now, queue } = this.#world;
    for (const batch of instance.batches) {
      batch.resume(now);
      if (batch.stuck) continue;
      if (batch.held) this.#world.goOn(batch);
      else if (batch.running) queue.push(batch.endsAt, pending.stepEnd, pending.stepEnd, batch.index);
      else this.#world.wake(batch);
    }
    this.#states.tell(instance);
  }

  /** Puts an instance, all its batches in flight included, into or out of the routers' sight. */
  setState(instance: Instance, state: Instance['state']): void {
    const batches = instance.batches;
    for (const batch of batches) batch.state = state;
    this.#states.tell(instance);
    if (state === 'draining') this.#draining.add(instance);
    else this.#draining.delete(instance);
    this.#recount();
    if (state !== 'active') return;
    const { stranded } = this.#entry;
    for (let left = stranded.size; left > 0; left--) this.dispatch(stranded.shift());
    this.#moves?.begin();
  }

  /** Turns off the instances that drain and have nothing left. */
  settleDrained(): void {
    if (this.#draining.size === 0) return;
    for (const instance of this.#draining) {
      const batches = instance.batches;
      if (instance.stuck || !batches.every(({ empty }) => empty)) continue;
      for (const batch of batches) batch.clear();
      this.setState(instance, 'off');
      this.onDrained(instance);
    }
  }

  /**
   * Takes away all that an instance holds, as when its memory is lost. Prompts that another rank still holds the KV of wait again for a place to
   * decode; `interrupted` gets the others, in order of their arrival, to send them through the router again or to fail them.
   */
  wipe(instance: Instance, interrupted: (slot: number) => void): void {
    this.#losses.wipe(instance, instance.batches, interrupted);
    this.#moves?.begin();
  }

  /**
   * Takes a request back that nobody waits for any more: whatever it holds is free at once.
   * @returns false where it is not here: it is still on its way through the front end
   */
  abort(slot: number, cause: string): boolean {
    const world = this.#world;
    const { table, metrics, now } = world;
    const at = table.place[slot];
    if (at === place.outside) {
      if (![...this.#entry.stranded].includes(slot)) return false;
      this.#entry.stranded.remove(slot);
    } else if (at === place.reading) {
      this.#entry.rank(table.source[slot]).queuedTokens -= table.prompt[slot] - table.progress[slot];
      this.#losses.cancel(slot, 'read');
    } else if (at === place.holding) {
      this.#moves?.waiting.remove(slot);
      this.#releaseSource(slot);
    } else {
      if (at === place.pushing || at === place.landing) this.#losses.cancel(slot, 'push');
      if (at === place.pushing) this.#releaseSource(slot);
      const instance = this.instance(table.instance[slot]);
      if (at === place.decoding && instance.decodesNow && !instance.joins(slot)) {
        // What the running step was credited with will not come out.
        const { mean } = instance.options.acceptance;
        metrics.at(now).outputServed -= mean;
        metrics.at(now).pools[this.poolOf(instance).index].decodeTokens -= mean;
      }
      const waited = this.#losses.unread(slot);
      instance.drop(slot);
      if (waited) this.#world.goOn(instance);
      for (const batch of instance.batches) this.#world.wake(batch);
    }
    this.#accounts.giveUp(slot, cause);
    this.#moves?.begin();
    return true;
  }

  /** An instance goes on without some of its ranks, by number: they lose what they hold as by `wipe`, and its iterations are formed anew. */
  lose(instance: Instance, ranks: ReadonlySet<number>, interrupted: (slot: number) => void): void {
    const batches = instance.batches;
    for (const batch of batches) batch.without(ranks);
    this.#states.tell(instance);
    this.#recount();
    this.#losses.wipe(instance, batches, interrupted, ranks);
    this.#moves?.begin();
  }

  /** All ranks of an instance take part again. */
  regain(instance: Instance): void {
    for (const batch of instance.batches) batch.without(new Set());
    this.#states.tell(instance);
    this.#recount();
  }

  /** Sends a request whose KV was lost through the router again: its prompt, and what it had put out, are computed anew. */
  retry(slot: number): void {
    const { table } = this.#world;
    table.progress[slot] = 0;
    table.prompt[slot] = table.inputTokens[slot] + table.emitted[slot];
    this.dispatch(slot);
  }

  /** Takes away the prompts that wait because no instance could take them; `gone` gets them in their order. */
  forsake(gone: (slot: number) => void): void {
    const { stranded } = this.#entry;
    for (let left = stranded.size; left > 0; left--) gone(stranded.shift());
  }

  #recount(): void {
    const open = (pool: Pool | undefined): readonly Instance[] => pool?.instances.filter(({ state }) => state === 'active') ?? [];
    this.#entry.open(open(this.#entryPool));
    if (this.#moves !== undefined) this.#moves.open = open(this.#decode);
  }

  /** By its number over all pools. */
  instance(index: number): Instance {
    const { first, instances } = this.#entryPool;
    const own = index - first;
    return own < instances.length ? instances[own] : (this.#decode as Pool).instances[own - instances.length];
  }

  #releaseSource(slot: number): void {
    const source = this.#world.table.source[slot];
    const instance = this.#entry.instanceOf(source);
    instance.release(slot, source % this.#entryPool.plant.ranks);
    for (const other of instance.batches) this.#world.wake(other);
  }

  /**
   * Lets the KV of a request that was held go to where it decodes.
   * @param instance of the pool that decodes, by its number in it, or `anywhere`
   * @param rank of that instance, or `anywhere`
   * @param tokens of its answer, those that were put out included
   */
  handOver(slot: number, instance: number, rank: number, tokens: number): void {
    const { table } = this.#world;
    Object.assign(table.rare.own(slot), { decodesOn: instance, decodesOnRank: rank });
    table.outputTokens[slot] = tokens;
    // Where its prompt is not computed yet, or was lost, it goes on by itself.
    if (table.place[slot] !== place.holding) return;
    this.#moves?.add(slot);
  }

  #listener(pool: PoolPlant, index: number): InstanceListener {
    const world = this.#world;
    const { table } = world;
    const { scheduled, prefilled, firstToken, resumed, preempted } = this.#accounts.of(pool, index);
    return {
      stepped: (instance) => world.emissions?.stepped(instance),
      firstToken,
      resumed,
      scheduled: (slot, at) => {
        if (this.#plant.cache === undefined && pool.prefixCaching) this.#entry.countLookUp(slot, table.progress[slot]);
        scheduled(slot, at);
        if (pool.role === 'prefill' && table.progress[slot] > 0) this.#entry.readInStep(slot);
      },
      missed: (slot, at) => {
        world.now = at;
        this.#cached?.settle(slot);
        this.#accounts.giveUp(slot, cacheMissed);
      },
      prefilled: (slot, at) => {
        prefilled(slot, at);
        if (pool.role === 'merged') world.emissions?.prompted(slot, at);
        if (pool.role !== 'prefill') return;
        world.now = at;
        table.source[slot] = table.instance[slot] * pool.ranks + table.rank[slot];
        this.#cached?.keep(slot, rankOver(table.source[slot], pool));
        table.place[slot] = place.holding;
        if (this.#plant.firstToken === 'prefill' && this.#accounts.fromPrefill(slot, at)) {
          this.#releaseSource(slot);
          this.#finish(slot);
          return;
        }
        if (table.rare.of(slot).decodesOn === held) return;
        this.#moves?.add(slot);
      },
      finished: (slot, at) => {
        world.now = at;
        this.#finish(slot);
      },
      preempted: (slot, at) => {
        preempted(slot, at);
        if (pool.role !== 'decode') return;
        world.now = at;
        if (this.#moves !== undefined) this.#moves.vacated = true;
        this.dispatch(slot);
      },
    };
  }

  #finish(slot: number): void {
    this.#accounts.finish(slot);
    this.#moves?.begin();
  }
}
