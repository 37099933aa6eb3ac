import type { Seconds } from '../base/units.ts';
import { CachedPrompts } from './cached-prompts.ts';
import type { Errand } from './events.ts';
import { ceilToGrid } from './grid.ts';
import type { Instance, InstanceListener } from './instance.ts';
import { addLifetime } from './lifetime.ts';
import { pending } from './pending.ts';
import { refusal } from './policies/admission.ts';
import { Shares } from './policies/fair-queue.ts';
import { Fifo } from './policies/fifo.ts';
import { leastOccupied } from './policies/place-to-decode.ts';
import { routerOf, type Router } from './policies/router.ts';
import { queueOf } from './policies/scheduler.ts';
import { place, runs } from './place.ts';
import type { Plant, PoolPlant } from './plant.ts';
import { inFlightWith, poolOf, rankOver, type Pool } from './pools.ts';
import type { PrefixPool } from './prefix-pool.ts';
import type { Rank } from './rank.ts';
import type { ServiceLevel } from './scenario.ts';
import { RequestInTable, waitingView } from './views.ts';
import type { WaitingQueue } from './policies/waiting-queue.ts';
import type { World } from './world.ts';

/** The pools that serve a model: where prompts go, where their KV moves, what becomes of what a lost instance held. */
export class Service {
  readonly pools: readonly Pool[];
  readonly #cached: CachedPrompts | undefined;
  readonly #world: World;
  readonly #plant: Plant;
  readonly #entry: Pool;
  readonly #decode: Pool | undefined;
  readonly #emittedPerStep: number;
  readonly #router: Router;
  readonly #shares: Shares;
  /** The request that a policy is asked about. */
  readonly #asked: RequestInTable;
  /** Ranks that take prompts, and ranks that take KV: those of active instances. */
  #entryRanks: readonly Rank[] = [];
  #decodeRanks: readonly Rank[] = [];
  /** Prompts that no instance could take. */
  readonly #stranded = new Fifo();
  /** Prompts whose KV waits in a prefill instance for a place to decode. */
  readonly #moving = new Fifo();
  /** Instances that finish what they have, and who is told when one has. */
  readonly #draining = new Set<Instance>();
  onDrained: (instance: Instance) => void = () => {};
  /** A preemption has left room to decode since it was last handed out. */
  #vacated = false;

  /** Number of its first instance over all services. */
  readonly #first: number;

  /** @param firstPool number of its first pool over all services, and of its first instance */
  constructor(world: World, plant: Plant, firstPool: number = 0, firstInstance: number = 0) {
    this.#first = firstInstance;
    this.#world = world;
    this.#plant = plant;
    const { policies = {}, tenants = [] } = plant;
    const { table } = world;
    const view = waitingView(table, plant.slo, tenants);
    this.#shares = new Shares(tenants.map(({ weight }) => weight));
    this.#router = routerOf(policies.router ?? 'least-loaded', plant.seed);
    this.#asked = new RequestInTable(table);
    const queue = (rank: Rank): WaitingQueue => queueOf(policies.scheduler ?? 'fcfs', view, (slot) => rank.cachedTokens(this.#about(slot)), this.#shares);
    let first = firstInstance;
    this.pools = plant.pools.map((pool, p) => {
      const made = poolOf(pool, firstPool + p, first, plant.seed, table, this.#listener(pool, firstPool + p), queue);
      first += made.instances.length;
      for (const instance of made.instances) if ((instance.index - made.first) % pool.instances >= (pool.atStart ?? Infinity)) instance.state = 'off';
      return made;
    });
    this.#entry = this.pools[0];
    this.#decode = this.pools[1];
    this.#emittedPerStep = (this.#decode ?? this.#entry).instances[0].options.acceptance.mean;
    if (plant.cache !== undefined) this.#cached = new CachedPrompts(world, plant.cache);
    this.#recount();
  }

  /** Prompts that wait because no instance could take them. */
  get stranded(): number {
    return this.#stranded.size;
  }

  /** Longest prompt and answer together, and what sets it. */
  get limits(): Pick<Plant, 'maxContext' | 'maxContextOf'> {
    return this.#plant;
  }

  get prefixes(): PrefixPool | undefined {
    return this.#cached?.pool;
  }

  poolOf(instance: Instance): Pool {
    return instance.index - this.#first < this.#entry.instances.length ? this.#entry : (this.#decode as Pool);
  }

  /** Why a request that arrives is turned away; undefined where it is let in (ADM-1). */
  refusal(slot: number): string | undefined {
    const rule = this.#plant.policies?.admission;
    if (rule === undefined) return undefined;
    const { metrics, table } = this.#world;
    let least: Rank | undefined;
    for (const rank of this.#entryRanks) if (least === undefined || rank.queuedTokens < least.queuedTokens) least = rank;
    return refusal(rule, {
      inFlight: metrics.waitingNow + metrics.runningNow,
      queuedTokens: least?.queuedTokens ?? Infinity,
      promptTokens: table.prompt[slot],
      secondsPerToken: least === undefined ? 0 : this.#instanceOf(least.index).pace,
    });
  }

  /** Sends a prompt to a rank, and fetches what the pooled cache has of it (RTE-1, CAC-2). */
  dispatch(slot: number): void {
    const { table, now, sink } = this.#world;
    const ranks = this.#entryRanksOf(table.sentTo[slot]);
    if (ranks.length === 0) {
      table.place[slot] = place.outside;
      this.#stranded.push(slot);
      return;
    }
    const rank = ranks[this.#router.route(this.#about(slot), ranks)];
    const cached = this.#lookUp(slot);
    table.progress[slot] = cached;
    if (table.startedAt[slot] === -1) {
      table.readyAt[slot] = now;
      table.cachedTokens[slot] = cached;
    }
    const { name: pool, ranks: perInstance } = this.#entry.plant;
    const instance = this.#instanceOf(rank.index);
    const request = table.ordinal[slot];
    const where = { pool, instance: instance.index, rank: rank.index % perInstance };
    sink?.({ kind: 'routed', at: now, request, ...where, cachedTokens: cached });
    if (cached === 0) {
      this.#enqueue(slot, rank);
      return;
    }
    table.source[slot] = rank.index;
    table.place[slot] = place.reading;
    rank.queuedTokens += table.prompt[slot] - cached;
    const bytes = this.#cached?.read(slot, rankOver(rank.index, this.#entry.plant)) ?? 0;
    sink?.({ kind: 'transfer-begun', at: now, request, errand: 'read', bytes, ...where });
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
    this.#wake(instance);
  }

  /** A cached prefix has been read: the rest of the prompt is queued. */
  read(slot: number): void {
    const { table, now, sink } = this.#world;
    sink?.({ kind: 'fetched', at: now, request: table.ordinal[slot] });
    if (table.startedAt[slot] === -1) table.readyAt[slot] = now;
    const rank = this.#entryRank(table.source[slot]);
    rank.queuedTokens -= table.prompt[slot] - table.progress[slot];
    this.#enqueue(slot, rank);
  }

  /** Hands out what a preemption in the iteration that has just begun left free. */
  settle(): void {
    if (this.#vacated) this.#move();
  }

  /** An instance with all its batches in flight. */
  batchesOf(instance: Instance): readonly Instance[] {
    return inFlightWith(instance, this.poolOf(instance));
  }

  /** Nothing on an instance goes on, and nobody has noticed. */
  pause(instance: Instance): void {
    for (const batch of this.batchesOf(instance)) batch.pause(this.#world.now);
  }

  /** An instance goes on with what it has, or from nothing. */
  resume(instance: Instance): void {
    const { now, queue } = this.#world;
    for (const batch of this.batchesOf(instance)) {
      batch.resume(now);
      if (batch.running) queue.push(batch.endsAt, pending.stepEnd, pending.stepEnd, batch.index);
      else this.#wake(batch);
    }
    // One that loads its weights goes on with that.
    if (instance.state !== 'starting') this.setState(instance, 'active');
  }

  /** Puts an instance, all its batches in flight included, into or out of the routers' sight. */
  setState(instance: Instance, state: Instance['state']): void {
    const batches = this.batchesOf(instance);
    for (const batch of batches) batch.state = state;
    if (state === 'draining') this.#draining.add(instance);
    else this.#draining.delete(instance);
    this.#recount();
    if (state !== 'active') return;
    for (let left = this.#stranded.size; left > 0; left--) this.dispatch(this.#stranded.shift());
    this.#move();
  }

  /** Turns off the instances that drain and have nothing left. */
  settleDrained(): void {
    for (const instance of this.#draining) {
      const batches = this.batchesOf(instance);
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
    const { table, metrics, now } = this.#world;
    const batches = this.batchesOf(instance);
    const here = new Set(batches.map(({ index }) => index));
    const entries = this.#entry.plant.ranks;
    const lost: number[] = [];
    const again: number[] = [];
    for (const slot of table.slots()) {
      const at = table.place[slot];
      const sourceLost = at === place.reading || at === place.holding || at === place.pushing ? here.has(Math.floor(table.source[slot] / entries)) : false;
      const lostHere = at >= place.queued && at !== place.holding ? here.has(table.instance[slot]) : false;
      if (sourceLost) lost.push(slot);
      else if (lostHere) (at === place.pushing ? again : lost).push(slot);
    }
    const byArrival = (a: number, b: number): number => table.ordinal[a] - table.ordinal[b];
    lost.sort(byArrival);
    for (const slot of lost) {
      const at = table.place[slot];
      if (at === place.reading) this.#cancel(slot, 'read');
      if (at === place.holding) this.#moving.remove(slot);
      if (at === place.pushing || at === place.landing) this.#cancel(slot, 'push');
      if (at === place.pushing) this.instance(table.instance[slot]).withdraw(slot);
      if (at === place.decoding) this.instance(table.instance[slot]).interrupt(slot);
    }
    for (const slot of again.sort(byArrival)) {
      this.#cancel(slot, 'push');
      table.place[slot] = place.holding;
      this.#moving.push(slot);
    }
    const first = this.poolOf(instance) === this.#entry ? instance.index % this.#entry.plant.instances : -1;
    if (first >= 0) this.#cached?.lose(first * entries, (first + 1) * entries);
    for (const batch of batches) {
      if (batch.running) {
        // What the iteration was credited with will not come out.
        const emitted = batch.iteration.decoding * batch.options.acceptance.mean;
        metrics.at(now).outputServed -= emitted;
        metrics.at(now).pools[this.poolOf(batch).index].decodeTokens -= emitted;
      }
      batch.clear();
    }
    batches[0]?.pipeline?.clear();
    for (const slot of lost) {
      if (runs(table.place[slot])) metrics.change(now, 1, -1);
      table.place[slot] = place.outside;
      table.interruptions[slot]++;
      metrics.at(now).interrupted++;
      this.#world.sink?.({ kind: 'interrupted', at: now, request: table.ordinal[slot] });
    }
    for (const slot of lost) interrupted(slot);
    this.#move();
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
      if (![...this.#stranded].includes(slot)) return false;
      this.#stranded.remove(slot);
    } else if (at === place.reading) {
      this.#entryRank(table.source[slot]).queuedTokens -= table.prompt[slot] - table.progress[slot];
      this.#cancel(slot, 'read');
    } else if (at === place.holding) {
      this.#moving.remove(slot);
      this.#releaseSource(slot);
    } else {
      if (at === place.pushing || at === place.landing) this.#cancel(slot, 'push');
      if (at === place.pushing) this.#releaseSource(slot);
      const instance = this.instance(table.instance[slot]);
      if (at === place.decoding && instance.decodesNow && !instance.ranks[table.rank[slot]].ready.includes(slot)) {
        // What the running step was credited with will not come out.
        metrics.at(now).outputServed -= this.#emittedPerStep;
        metrics.at(now).pools[this.poolOf(instance).index].decodeTokens -= this.#emittedPerStep;
      }
      instance.drop(slot);
      for (const batch of this.batchesOf(instance)) this.#wake(batch);
    }
    metrics.at(now).outputServed += table.emitted[slot] - table.fromPrompts[slot] - table.stepsBefore[slot] * this.#emittedPerStep;
    this.#shares.answered(table.tenant[slot], table.emitted[slot]);
    world.fail(slot, cause);
    this.#move();
    return true;
  }

  /** What is under way, or just arriving, will not come. */
  #cancel(slot: number, errand: Errand): void {
    const { table, now, transport, sink } = this.#world;
    transport.cancel(now, slot, errand);
    sink?.({ kind: 'transfer-lost', at: now, request: table.ordinal[slot], errand });
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
    for (let left = this.#stranded.size; left > 0; left--) gone(this.#stranded.shift());
  }

  #recount(): void {
    const open = (pool: Pool | undefined): readonly Rank[] => pool?.instances.filter(({ state }) => state === 'active').flatMap(({ ranks }) => ranks) ?? [];
    this.#entryRanks = open(this.#entry);
    this.#decodeRanks = open(this.#decode);
  }

  /** Ranks that may take a prompt that was sent to an instance of the pool; -1: to the deployment. */
  #entryRanksOf(instance: number): readonly Rank[] {
    if (instance < 0) return this.#entryRanks;
    const { ranks, instances } = this.#entry.plant;
    return this.#entryRanks.filter(({ index }) => Math.floor(index / ranks) % instances === instance);
  }

  #about(slot: number): RequestInTable {
    this.#asked.slot = slot;
    return this.#asked;
  }

  /** By its number over all pools. */
  instance(index: number): Instance {
    const entry = this.#entry.instances;
    const own = index - this.#first;
    return own < entry.length ? entry[own] : (this.#decode as Pool).instances[own - entry.length];
  }

  #instanceOf(entryRank: number): Instance {
    return this.#entry.instances[Math.floor(entryRank / this.#entry.plant.ranks)];
  }

  #entryRank(index: number): Rank {
    return this.#instanceOf(index).ranks[index % this.#entry.plant.ranks];
  }

  #enqueue(slot: number, rank: Rank): void {
    const instance = this.#instanceOf(rank.index);
    instance.enqueue(slot, rank.index % this.#entry.plant.ranks);
    this.#wake(instance);
  }

  /** Makes an idle instance look for work at the next instant of the grid. */
  #wake(instance: Instance): void {
    if (!instance.running && !instance.stuck) this.#world.queue.push(ceilToGrid(this.#world.now), pending.stepStart, pending.stepStart, instance.index);
  }

  /** Prompt tokens whose KV the pooled cache holds. */
  #lookUp(slot: number): number {
    if (this.#cached === undefined) return 0;
    const hit = this.#cached.lookUp(slot);
    this.#countLookUp(slot, hit);
    return hit;
  }

  #countLookUp(slot: number, hit: number): void {
    const { cacheCounters, table } = this.#world;
    cacheCounters.lookups++;
    cacheCounters.promptTokens += table.prompt[slot];
    cacheCounters.tokensHit += hit;
  }

  #releaseSource(slot: number): void {
    const source = this.#world.table.source[slot];
    const instance = this.#instanceOf(source);
    instance.release(slot, source % this.#entry.plant.ranks);
    for (const other of inFlightWith(instance, this.#entry)) this.#wake(other);
  }

  /** Promises places to decode, first come first served, and sends the KV there (RTE-2). */
  #move(): void {
    this.#vacated = false;
    const { table, now, sink, transport } = this.#world;
    const decode = this.#decode;
    if (decode === undefined) return;
    // One that has to decode on an instance without room does not hold up those behind it.
    const passed: number[] = [];
    while (this.#moving.size > 0) {
      const slot = this.#moving.first;
      const only = table.decodesOn[slot];
      const rank = leastOccupied(this.#decodeRanks, (one) => {
        const instance = Math.floor(one.index / decode.plant.ranks);
        return (only < 0 || instance % decode.plant.instances === only) && decode.instances[instance].canReserve(one, table.prompt[slot]);
      });
      if (rank === undefined && only < 0) break;
      this.#moving.shift();
      if (rank === undefined) {
        passed.push(slot);
        continue;
      }
      const { name: pool, ranks } = decode.plant;
      const instance = decode.instances[Math.floor(rank.index / ranks)];
      instance.reserve(slot, rank.index % ranks);
      table.reservedAt[slot] = now;
      table.place[slot] = place.pushing;
      const bytes = transport.push(now, slot, table.prompt[slot], rankOver(table.source[slot], this.#entry.plant), rankOver(rank.index, decode.plant));
      const request = table.ordinal[slot];
      sink?.({ kind: 'transfer-begun', at: now, request, errand: 'push', bytes, pool, instance: instance.index, rank: rank.index % ranks });
    }
    for (const slot of passed.toReversed()) this.#moving.pushFront(slot);
  }

  /**
   * Lets the KV of a request that was held go to where it decodes.
   * @param instance of the pool that decodes, by its number in it; -1: any
   * @param tokens of its answer, those that were put out included
   */
  handOver(slot: number, instance: number, tokens: number): void {
    const { table } = this.#world;
    table.held[slot] = 0;
    table.decodesOn[slot] = instance;
    table.outputTokens[slot] = tokens;
    // Where its prompt is not computed yet, or was lost, it goes on by itself.
    if (table.place[slot] !== place.holding) return;
    this.#moving.push(slot);
    this.#move();
  }

  #listener(pool: PoolPlant, index: number): InstanceListener {
    const world = this.#world;
    const { table } = world;
    return {
      stepped: (instance) => world.emissions?.stepped(instance),
      scheduled: (slot, at) => {
        world.metrics.change(at, -1, 1);
        if (this.#plant.cache === undefined && pool.prefixCaching) this.#countLookUp(slot, table.progress[slot]);
        const cachedTokens = table.progress[slot];
        world.sink?.({ kind: 'scheduled', at, request: table.ordinal[slot], pool: pool.name, instance: table.instance[slot], cachedTokens });
      },
      prefilled: (slot, at) => {
        const interval = world.metrics.at(at);
        if (table.prefilledAt[slot] === -1) interval.inputServed += table.inputTokens[slot];
        if (pool.role === 'merged') interval.outputServed++;
        table.prefilledAt[slot] = at;
        world.sink?.({ kind: 'prefilled', at, request: table.ordinal[slot], instance: table.instance[slot] });
        if (pool.role === 'merged') world.emissions?.prompted(slot, at);
        if (pool.role !== 'prefill') return;
        world.now = at;
        table.source[slot] = table.instance[slot] * pool.ranks + table.rank[slot];
        this.#cached?.keep(slot, rankOver(table.source[slot], pool));
        table.place[slot] = place.holding;
        if (this.#plant.firstToken === 'prefill' && this.#emitFromPrefill(slot, at)) return;
        if (table.held[slot] === 1) return;
        this.#moving.push(slot);
        this.#move();
      },
      firstToken: (slot, at) => {
        world.listener?.firstToken(at - table.arrivedAt[slot]);
        world.sink?.({ kind: 'first-token', at, request: table.ordinal[slot] });
      },
      resumed: (slot, at) => {
        world.metrics.at(at).itl.add(at - table.lastTokenAt[slot]);
      },
      finished: (slot, at) => {
        world.now = at;
        this.#finish(slot);
      },
      preempted: (slot, at) => {
        world.metrics.at(at).pools[index].preemptions++;
        world.metrics.change(at, 1, -1);
        world.sink?.({ kind: 'preempted', at, request: table.ordinal[slot], instance: table.instance[slot] });
        if (pool.role !== 'decode') return;
        world.now = at;
        this.#vacated = true;
        this.dispatch(slot);
      },
    };
  }

  #objectives(tenant: number): ServiceLevel {
    const { slo, tenants } = this.#plant;
    const own = tenants?.[tenant]?.slo;
    return own === undefined ? slo : { ...slo, ...own };
  }

  /** The prefill instance puts out a token itself. Returns whether it was the last. */
  #emitFromPrefill(slot: number, at: Seconds): boolean {
    const { table, metrics, sink } = this.#world;
    table.emitted[slot]++;
    table.fromPrompts[slot]++;
    metrics.at(at).outputServed++;
    if (table.firstTokenAt[slot] === -1) {
      table.firstTokenAt[slot] = at;
      this.#world.listener?.firstToken(at - table.arrivedAt[slot]);
      sink?.({ kind: 'first-token', at, request: table.ordinal[slot] });
    } else {
      metrics.at(at).itl.add(at - table.lastTokenAt[slot]);
    }
    table.lastTokenAt[slot] = at;
    this.#world.emissions?.prompted(slot, at);
    if (table.emitted[slot] !== table.outputTokens[slot]) return false;
    table.reservedAt[slot] = at;
    table.movedAt[slot] = at;
    table.joinedAt[slot] = at;
    this.#releaseSource(slot);
    this.#finish(slot);
    return true;
  }

  #finish(slot: number): void {
    const world = this.#world;
    const { table, now, metrics } = world;
    world.finished++;
    const arrivedAt = table.arrivedAt[slot];
    const output = table.outputTokens[slot];
    const interval = metrics.at(now);
    interval.finish(
      table.inputTokens[slot],
      table.cachedTokens[slot],
      output,
      table.firstTokenAt[slot] - arrivedAt,
      now - arrivedAt,
      this.#objectives(table.tenant[slot]),
      table.tenant[slot],
    );
    world.listener?.ended(table.firstTokenAt[slot] - arrivedAt, now - arrivedAt, output);
    this.#shares.answered(table.tenant[slot], output);
    // Steps were credited with the tokens that they put out on average; what this request really got makes up the difference.
    interval.decodeSteps += table.stepsBefore[slot];
    interval.decodeEmitted += output - table.fromPrompts[slot];
    interval.outputServed += output - table.fromPrompts[slot] - table.stepsBefore[slot] * this.#emittedPerStep;
    addLifetime(table, slot, now, this.#decode !== undefined, interval.phases);
    metrics.change(now, 0, -1);
    world.sink?.({ kind: 'finished', at: now, request: table.ordinal[slot], outputTokens: output });
    world.release(slot);
    if (this.#moving.size > 0) this.#move();
  }
}
