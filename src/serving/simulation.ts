import type { Seconds } from '../base/units.ts';
import { EventQueue } from '../kernel/event-queue.ts';
import { Transfers } from '../network/transfers.ts';
import { Acceptance } from './acceptance.ts';
import type { EventSink } from './events.ts';
import { ceilToGrid } from './grid.ts';
import { Fifo } from './fifo.ts';
import { Instance, type InstanceListener } from './instance.ts';
import { Metrics, phases, type PoolMeter } from './metrics.ts';
import type { Plant, PoolPlant } from './plant.ts';
import { PrefixCache } from './prefix-cache.ts';
import { RequestTable } from './request-table.ts';
import { leastLoaded, leastOccupied, type RankLoad } from './router.ts';
import type { Arrival, RequestSource } from './traffic/workload.ts';

/** Kinds of pending events. Their order is also their priority at one instant (docs/spec/serving.md, TIM). */
const arrival = 0;
const flowEnd = 1;
const delivery = 2;
const stepEnd = 3;
const stepStart = 4;
const injection = 5;

/** Requests by state: arrived = finished + rejected + failed + waiting + running, at every instant. */
export interface Snapshot {
  readonly at: Seconds;
  readonly arrived: number;
  readonly finished: number;
  readonly rejected: number;
  readonly failed: number;
  readonly waiting: number;
  readonly running: number;
  readonly events: number;
}

/** Counters of the pooled prefix cache or of the instances' own, over the whole run. */
export interface CacheCounters {
  lookups: number;
  promptTokens: number;
  tokensHit: number;
}

interface Pool {
  readonly plant: PoolPlant;
  readonly index: number;
  readonly instances: readonly Instance[];
}

/**
 * A deployment serving requests. Time moves only in `step`; the caller owns the clock. Deterministic: the same plant and source
 * give the same bytes.
 */
export class Simulation {
  now: Seconds = 0;
  readonly plant: Plant;
  readonly metrics: Metrics;
  readonly table: RequestTable = new RequestTable();
  readonly cacheCounters: CacheCounters = { lookups: 0, promptTokens: 0, tokensHit: 0 };
  readonly cache: PrefixCache | undefined;
  readonly transfers: Transfers | undefined;
  readonly causes: Map<string, number> = new Map();
  lastArrivalAt: Seconds = 0;
  steps = 0;
  readonly #queue = new EventQueue();
  readonly #source: RequestSource;
  readonly #incoming: Arrival = { arrivedAt: 0, inputTokens: 0, outputTokens: 0, blockTokens: 0, blocks: [] };
  readonly #sink: EventSink | undefined;
  readonly #pools: readonly Pool[];
  readonly #entry: Pool;
  readonly #decode: Pool | undefined;
  /** Prompts whose KV waits in a prefill instance for a place to decode. */
  readonly #moving = new Fifo();
  /** Tokens of the unit in which the pooled cache keeps prefixes; set by the first request that has blocks. */
  cacheUnitTokens = 0;
  #transferVersion = 0;
  #sourceEnded = false;
  #arrived = 0;
  #finished = 0;
  #rejected = 0;
  #events = 0;

  constructor(plant: Plant, source: RequestSource, sink?: EventSink) {
    this.plant = plant;
    this.#source = source;
    this.#sink = sink;
    this.metrics = new Metrics(plant.pools.length);
    const acceptance = plant.pools.map((pool) => new Acceptance(plant.seed, pool.acceptance));
    let index = 0;
    this.#pools = plant.pools.map((pool, p) => ({
      plant: pool,
      index: p,
      instances: Array.from(
        { length: pool.instances },
        () => new Instance(index++, { ...pool, acceptance: acceptance[p] }, this.table, this.#listener(pool, p)),
      ),
    }));
    this.#entry = this.#pools[0];
    this.#decode = this.#pools[1];
    if (plant.transfer !== undefined && this.#decode !== undefined) this.transfers = new Transfers(linkRates(plant));
    if (plant.cache !== undefined) this.cache = new PrefixCache(0);
    const concurrent = source.concurrency ?? 1;
    for (let i = 0; i < concurrent; i++) this.#pull(0);
  }

  /** Instances of all pools, by pool. */
  get pools(): readonly { readonly plant: PoolPlant; readonly instances: readonly Instance[] }[] {
    return this.#pools;
  }

  /** When the next event is due; Infinity when nothing is left to happen. */
  get nextEventAt(): Seconds {
    return this.#queue.peekTime();
  }

  get done(): boolean {
    return this.#queue.size === 0;
  }

  snapshot(): Snapshot {
    return {
      at: this.now,
      arrived: this.#arrived,
      finished: this.#finished,
      rejected: this.#rejected,
      failed: 0,
      waiting: this.metrics.waitingNow,
      running: this.metrics.runningNow,
      events: this.#events,
    };
  }

  /** Handles the next event, and with it the iterations that nothing comes between. Returns false when there is none. */
  step(): boolean {
    return this.#next(Infinity);
  }

  /** Handles every event up to and including `until`. */
  advance(until: Seconds): void {
    while (this.#queue.peekTime() <= until) this.#next(until);
    this.now = Math.max(this.now, until);
  }

  /** Adds a request from outside, such as a live client's. `arrivedAt` must not lie in the past. */
  inject(request: Readonly<Arrival>): void {
    this.#queue.push(Math.max(this.now, request.arrivedAt), arrival, injection, this.#slotFor(request));
  }

  #next(until: Seconds): boolean {
    const queue = this.#queue;
    if (!queue.pop()) return false;
    this.#events++;
    this.now = queue.time;
    const { payload } = queue;
    switch (queue.kind) {
      case arrival:
        if (this.#source.concurrency === undefined) this.#pull(this.now);
        this.#arrive(payload);
        break;
      case injection:
        this.#arrive(payload);
        break;
      case flowEnd:
        if (payload === this.#transferVersion) this.#endFlows();
        break;
      case delivery:
        this.#deliver(payload);
        break;
      case stepEnd:
        this.#iterate(this.#instance(payload), until);
        break;
      case stepStart:
        if (!this.#instance(payload).running) this.#begin(this.#instance(payload), until);
    }
    return true;
  }

  #instance(index: number): Instance {
    const entry = this.#entry.instances;
    return (index < entry.length ? entry[index] : this.#decode?.instances[index - entry.length]) as Instance;
  }

  #poolOf(instance: Instance): Pool {
    return instance.index < this.#entry.instances.length ? this.#entry : (this.#decode as Pool);
  }

  /** Ends an iteration and runs on, past the queue, while nothing else is due before the next one ends. */
  #iterate(instance: Instance, until: Seconds): void {
    for (;;) {
      instance.end();
      this.now = instance.endsAt;
      if (instance.gaps > 0) this.metrics.at(this.now).itl.add(instance.endsAt - instance.startedAt, instance.gaps);
      if (!this.#start(instance, this.now)) return;
      const { endsAt } = instance;
      if (this.#queue.peekTime() <= endsAt || endsAt > until) {
        this.#queue.push(endsAt, stepEnd, stepEnd, instance.index);
        return;
      }
      this.now = endsAt;
    }
  }

  #begin(instance: Instance, until: Seconds): void {
    if (!this.#start(instance, this.now)) return;
    const { endsAt } = instance;
    if (this.#queue.peekTime() <= endsAt || endsAt > until) {
      this.#queue.push(endsAt, stepEnd, stepEnd, instance.index);
      return;
    }
    this.now = endsAt;
    this.#iterate(instance, until);
  }

  #start(instance: Instance, at: Seconds): boolean {
    if (!instance.start(at)) return false;
    const { plant, index } = this.#poolOf(instance);
    const duration = instance.endsAt - at;
    const { decoding, prefillTokens, cost } = instance;
    const slots = plant.role === 'prefill' ? prefillTokens / (plant.tokenBudget * plant.ranks) : decoding / (plant.maxSequences * plant.ranks);
    const meter = this.metrics.at(at).pools[index];
    meter.step(duration, cost as NonNullable<typeof cost>, slots, instance.usedBlocks / (plant.kvBlocks * plant.ranks));
    meter.prefillTokens += prefillTokens;
    meter.decodeTokens += decoding * instance.options.acceptance.mean;
    meter.decodeSequences += decoding;
    meter.prefillPairs += instance.prefillPairs;
    meter.decodeContext += instance.decodeContext;
    this.steps++;
    this.#sink?.({ kind: 'step', at, duration, pool: plant.name, instance: instance.index, decoding, prefillTokens });
    return true;
  }

  /** Makes an idle instance look for work at the next instant of the grid. */
  #wake(instance: Instance): void {
    if (!instance.running) this.#queue.push(ceilToGrid(this.now), stepStart, stepStart, instance.index);
  }

  /** Takes the next request of the source, if any; in a closed loop it arrives at `at`. */
  #pull(at: Seconds): void {
    if (this.#sourceEnded) return;
    const incoming = this.#incoming;
    if (!this.#source.next(incoming)) {
      this.#sourceEnded = true;
      return;
    }
    this.#queue.push(this.#source.concurrency === undefined ? incoming.arrivedAt : at, arrival, arrival, this.#slotFor(incoming));
  }

  #slotFor(request: Readonly<Arrival>): number {
    const { table } = this;
    const slot = table.allocate();
    table.inputTokens[slot] = request.inputTokens;
    table.outputTokens[slot] = request.outputTokens;
    this.#keepBlocks(slot, request);
    return slot;
  }

  /** Stores the prompt's prefix in the units of the cache: runs of its blocks, each named by its last block. */
  #keepBlocks(slot: number, { blocks, blockTokens, inputTokens }: Readonly<Arrival>): void {
    const { table } = this;
    table.blockTokens[slot] = 0;
    const multiple = this.#unitBlocks(blockTokens);
    if (multiple === 0) return;
    const units = new Int32Array(Math.floor(Math.min(inputTokens, blocks.length * blockTokens) / (multiple * blockTokens)));
    for (let i = 0; i < units.length; i++) units[i] = blocks[(i + 1) * multiple - 1];
    table.blocks[slot] = units;
    table.blockTokens[slot] = multiple * blockTokens;
  }

  /** Trace blocks of one cache unit: enough for the cache's own block, and whole KV blocks where KV itself is shared. 0 without a cache. */
  #unitBlocks(blockTokens: number): number {
    if (blockTokens === 0) return 0;
    const { plant } = this.#entry;
    if (this.plant.cache !== undefined) return Math.ceil(this.plant.cache.blockTokens / blockTokens);
    return plant.prefixCaching ? plant.blockTokens / greatestCommonDivisor(plant.blockTokens, blockTokens) : 0;
  }

  #arrive(slot: number): void {
    const { table, now } = this;
    table.ordinal[slot] = this.#arrived++;
    table.arrivedAt[slot] = now;
    this.lastArrivalAt = now;
    this.metrics.at(now).arrived++;
    const input = table.inputTokens[slot];
    this.#sink?.({ kind: 'arrived', at: now, request: table.ordinal[slot], inputTokens: input });
    if (input >= this.plant.maxContext) {
      this.#reject(slot, `prompt and answer longer than ${this.plant.maxContext} tokens`);
      return;
    }
    table.outputTokens[slot] = Math.min(table.outputTokens[slot], this.plant.maxContext - input);
    table.prompt[slot] = input;
    this.metrics.change(now, 1, 0);
    this.#dispatch(slot);
  }

  #reject(slot: number, cause: string): void {
    const { table, now } = this;
    this.#rejected++;
    this.metrics.at(now).rejected++;
    this.causes.set(cause, (this.causes.get(cause) ?? 0) + 1);
    this.#sink?.({ kind: 'rejected', at: now, request: table.ordinal[slot], cause });
    table.release(slot);
    if (this.#source.concurrency !== undefined) this.#pull(now);
  }

  /** Sends a prompt to the rank with the least ahead of it, and fetches what the pooled cache has of it. */
  #dispatch(slot: number): void {
    const { table, now } = this;
    const { instances } = this.#entry;
    const loads: RankLoad[] = [];
    for (const { ranks } of instances) for (const rank of ranks) loads.push({ queuedTokens: rank.queuedTokens, sequences: rank.sequences + rank.waiting.size });
    const chosen = leastLoaded(loads);
    const ranks = this.#entry.plant.ranks;
    const instance = instances[Math.floor(chosen / ranks)];
    const cached = this.#lookUp(slot);
    table.progress[slot] = cached;
    if (table.startedAt[slot] === -1) {
      table.readyAt[slot] = now;
      table.cachedTokens[slot] = cached;
    }
    if (cached === 0 || this.plant.cache === undefined) {
      instance.enqueue(slot, chosen % ranks);
      this.#wake(instance);
      return;
    }
    table.source[slot] = chosen;
    (instance.ranks[chosen % ranks]).queuedTokens += (table.prompt[slot]) - cached;
    this.#startFlow(slot * 2, cached * this.plant.cache.bytesPerToken, this.#cacheLinks(Math.floor(chosen / ranks)));
  }

  /** Prompt tokens whose KV the pooled cache holds; at least one token is always left to compute. */
  #lookUp(slot: number): number {
    const { table, cache } = this;
    if (cache === undefined) return 0;
    const prompt = table.prompt[slot];
    this.cacheCounters.lookups++;
    this.cacheCounters.promptTokens += prompt;
    const unit = table.blockTokens[slot];
    if (unit === 0) return 0;
    const ids = table.blocks[slot];
    const units = cache.match(ids, Math.min(ids.length, Math.floor((prompt - 1) / unit)));
    cache.touch(ids, units);
    this.cacheCounters.tokensHit += units * unit;
    return units * unit;
  }

  /** Writes the computed prefix through to the pool. */
  #writeThrough(slot: number): void {
    const { table, cache } = this;
    const unit = table.blockTokens[slot];
    if (cache === undefined || this.plant.cache === undefined || unit === 0) return;
    if (this.cacheUnitTokens === 0) {
      this.cacheUnitTokens = unit;
      cache.capacity = Math.floor(this.plant.cache.capacity / (unit * this.plant.cache.bytesPerToken));
    }
    const ids = table.blocks[slot];
    const present = cache.match(ids, ids.length);
    for (let i = present; i < ids.length; i++) if (!cache.has(ids[i]) && !cache.add(ids[i])) break;
    cache.touch(ids, ids.length);
  }

  #cacheLinks(instance: number): readonly number[] {
    const first = firstCacheLink(this.plant);
    return [first, first + 1 + instance];
  }

  #startFlow(owner: number, bytes: number, links: readonly number[]): void {
    const transfers = this.transfers as Transfers;
    transfers.start(this.now, owner, bytes, links);
    this.#queue.push(transfers.nextEndAt(), flowEnd, flowEnd, ++this.#transferVersion);
  }

  #endFlows(): void {
    const transfers = this.transfers as Transfers;
    const owners = transfers.finish(this.now);
    if (transfers.active > 0) this.#queue.push(transfers.nextEndAt(), flowEnd, flowEnd, ++this.#transferVersion);
    const { cache, transfer } = this.plant;
    for (const owner of owners) {
      const push = owner % 2 === 1;
      if (push) this.#releaseSource(owner >> 1);
      this.#queue.push(this.now + ((push ? transfer?.latency : cache?.latency) ?? 0), delivery, delivery, owner);
    }
  }

  #releaseSource(slot: number): void {
    const ranks = this.#entry.plant.ranks;
    const source = this.table.source[slot];
    const instance = this.#entry.instances[Math.floor(source / ranks)];
    instance.release(slot, source % ranks);
    this.#wake(instance);
  }

  #deliver(owner: number): void {
    const { table, now } = this;
    const slot = owner >> 1;
    if (owner % 2 === 1) {
      table.movedAt[slot] = now;
      const instance = this.#instance(table.instance[slot]);
      this.#sink?.({ kind: 'moved', at: now, request: table.ordinal[slot], instance: instance.index, rank: table.rank[slot] });
      instance.arrive(slot);
      this.#wake(instance);
      return;
    }
    if (table.startedAt[slot] === -1) table.readyAt[slot] = now;
    const chosen = table.source[slot];
    const ranks = this.#entry.plant.ranks;
    const instance = this.#entry.instances[Math.floor(chosen / ranks)];
    (instance.ranks[chosen % ranks]).queuedTokens -= (table.prompt[slot]) - (table.progress[slot]);
    instance.enqueue(slot, chosen % ranks);
    this.#wake(instance);
  }

  /** Promises places to decode, first come first served, and sends the KV there. */
  #move(): void {
    const { table, now } = this;
    const decode = this.#decode as Pool;
    const transfer = this.plant.transfer as NonNullable<Plant['transfer']>;
    const { ranks } = decode.plant;
    while (this.#moving.size > 0) {
      const slot = this.#moving.first;
      const chosen = leastOccupied(decode.instances, table.prompt[slot]);
      if (chosen < 0) return;
      this.#moving.shift();
      (decode.instances[Math.floor(chosen / ranks)]).reserve(slot, chosen % ranks);
      table.reservedAt[slot] = now;
      const group = Math.max(1, Math.floor(ranks / transfer.sourcesPerRank));
      const source = Math.min(transfer.sourcesPerRank - 1, Math.floor((chosen % ranks) / group));
      const from = (table.source[slot]) * transfer.sourcesPerRank + source;
      this.#startFlow(slot * 2 + 1, (table.prompt[slot]) * transfer.bytesPerToken, [from, firstSinkLink(this.plant) + chosen]);
    }
  }

  #listener(plant: PoolPlant, pool: number): InstanceListener {
    const { table } = this;
    const { firstToken } = this.plant;
    return {
      scheduled: (slot, at) => {
        this.metrics.change(at, -1, 1);
        if (this.plant.cache === undefined && plant.prefixCaching) {
          this.cacheCounters.lookups++;
          this.cacheCounters.promptTokens += table.prompt[slot];
          this.cacheCounters.tokensHit += table.progress[slot];
        }
        this.#sink?.({
          kind: 'scheduled',
          at,
          request: table.ordinal[slot],
          pool: plant.name,
          instance: table.instance[slot],
          cachedTokens: table.progress[slot],
        });
      },
      prefilled: (slot, at) => {
        table.prefilledAt[slot] = at;
        this.#sink?.({ kind: 'prefilled', at, request: table.ordinal[slot] });
        if (plant.role !== 'prefill') return;
        this.now = at;
        this.#writeThrough(slot);
        const ranks = this.#entry.plant.ranks;
        table.source[slot] = (table.instance[slot]) * ranks + (table.rank[slot]);
        if (firstToken === 'prefill' && this.#emitFromPrefill(slot, at)) return;
        this.#moving.push(slot);
        this.#move();
      },
      firstToken: (slot, at) => {
        this.#sink?.({ kind: 'first-token', at, request: table.ordinal[slot] });
      },
      resumed: (slot, at) => {
        this.metrics.at(at).itl.add(at - (table.lastTokenAt[slot]));
      },
      finished: (slot, at) => {
        this.now = at;
        this.#finish(slot);
      },
      preempted: (slot, at) => {
        (this.metrics.at(at).pools[pool]).preemptions++;
        this.metrics.change(at, 1, -1);
        this.#sink?.({ kind: 'preempted', at, request: table.ordinal[slot] });
        if (plant.role !== 'decode') return;
        this.now = at;
        this.#dispatch(slot);
      },
    };
  }

  /** The prefill instance puts out a token itself. Returns whether it was the last. */
  #emitFromPrefill(slot: number, at: Seconds): boolean {
    const { table } = this;
    table.emitted[slot] = (table.emitted[slot]) + 1;
    if (table.firstTokenAt[slot] === -1) {
      table.firstTokenAt[slot] = at;
      this.#sink?.({ kind: 'first-token', at, request: table.ordinal[slot] });
    } else {
      this.metrics.at(at).itl.add(at - (table.lastTokenAt[slot]));
    }
    table.lastTokenAt[slot] = at;
    if (table.emitted[slot] !== table.outputTokens[slot]) return false;
    table.reservedAt[slot] = at;
    table.movedAt[slot] = at;
    table.joinedAt[slot] = at;
    this.#releaseSource(slot);
    this.#finish(slot);
    return true;
  }

  #finish(slot: number): void {
    const { table, now } = this;
    this.#finished++;
    const arrivedAt = table.arrivedAt[slot];
    const output = table.outputTokens[slot];
    const interval = this.metrics.at(now);
    interval.finish(
      table.inputTokens[slot],
      table.cachedTokens[slot],
      output,
      (table.firstTokenAt[slot]) - arrivedAt,
      now - arrivedAt,
      this.plant.slo,
    );
    this.#countPhases(slot, interval.phases);
    this.metrics.change(now, 0, -1);
    this.#sink?.({ kind: 'finished', at: now, request: table.ordinal[slot], outputTokens: output });
    table.release(slot);
    if (this.#source.concurrency !== undefined) this.#pull(now);
    if (this.#moving.size > 0) this.#move();
  }

  /** Adds where the request's time went; the parts add up to its end-to-end time. */
  #countPhases(slot: number, into: Float64Array): void {
    const { table, now } = this;
    const moved = this.#decode !== undefined;
    const prefilled = table.prefilledAt[slot];
    const marks = [
      table.readyAt[slot],
      table.startedAt[slot],
      prefilled,
      moved ? (table.reservedAt[slot]) : prefilled,
      moved ? (table.movedAt[slot]) : prefilled,
      moved ? (table.joinedAt[slot]) : prefilled,
      now,
    ];
    const order = [1, 0, 2, 3, 4, 5, 6];
    let before = table.arrivedAt[slot];
    for (let i = 0; i < phases.length; i++) {
      const mark = Math.max(before, marks[i]);
      (into[order[i]]) += mark - before;
      before = mark;
    }
  }
}

/** Links of the KV push: a source group each of every prefill rank, then a sink for every decode rank; then the cache's. */
function linkRates(plant: Plant): readonly number[] {
  const { transfer, cache, pools } = plant;
  const [prefill, decode] = pools as readonly [PoolPlant, PoolPlant];
  const sources = prefill.instances * prefill.ranks * (transfer?.sourcesPerRank ?? 0);
  const rates: number[] = Array.from({ length: sources }, () => transfer?.sourceBandwidth ?? 0);
  for (let i = 0; i < decode.instances * decode.ranks; i++) rates.push(transfer?.sinkBandwidth ?? 0);
  if (cache !== undefined) {
    rates.push(cache.poolBandwidth);
    for (let i = 0; i < prefill.instances; i++) rates.push(cache.instanceBandwidth);
  }
  return rates;
}

/** Index of the first decode rank's link. */
export function firstSinkLink(plant: Plant): number {
  const prefill = plant.pools[0];
  return prefill.instances * prefill.ranks * (plant.transfer?.sourcesPerRank ?? 0);
}

/** Index of the cache pool's link; the prefill instances' follow. */
export function firstCacheLink(plant: Plant): number {
  const decode = plant.pools[1];
  return firstSinkLink(plant) + decode.instances * decode.ranks;
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b);
}
