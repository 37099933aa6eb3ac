import type { Seconds } from '../base/units.ts';
import { EventQueue } from '../kernel/event-queue.ts';
import type { Transfers } from '../network/transfers.ts';
import type { EventSink } from './events.ts';
import { ceilToGrid } from './grid.ts';
import { Fifo } from './fifo.ts';
import type { Instance, InstanceListener } from './instance.ts';
import { Intake } from './intake.ts';
import type { Links } from './links.ts';
import { Metrics } from './metrics.ts';
import { addLifetime } from './lifetime.ts';
import { pending } from './pending.ts';
import type { Pipeline } from './pipeline.ts';
import type { Plant, PoolPlant } from './plant.ts';
import { inFlightWith, poolOf, rankOver, type Pool } from './pools.ts';
import { PrefixPool } from './prefix-pool.ts';
import { RequestTable } from './request-table.ts';
import type { CacheCounters, Snapshot } from './snapshot.ts';
import { Transport } from './transport.ts';
import { leastLoaded, leastOccupied, type RankLoad } from './router.ts';
import type { Arrival, RequestSource } from './traffic/workload.ts';

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
  readonly prefixes: PrefixPool | undefined;
  readonly causes: Map<string, number> = new Map();
  lastArrivalAt: Seconds = 0;
  steps = 0;
  readonly #queue = new EventQueue();
  readonly #intake: Intake;
  readonly #transport: Transport;
  readonly #emittedPerStep: number;
  readonly #sink: EventSink | undefined;
  readonly #pools: readonly Pool[];
  readonly #entry: Pool;
  readonly #decode: Pool | undefined;
  /** Prompts whose KV waits in a prefill instance for a place to decode. */
  readonly #moving = new Fifo();
  /** A preemption has left room to decode since it was last handed out. */
  #vacated = false;
  #arrived = 0;
  /** When each front end is free: one for each instance that prompts go to. */
  readonly #frontEnds: Float64Array;
  #finished = 0;
  #rejected = 0;
  #events = 0;

  constructor(plant: Plant, source: RequestSource, sink?: EventSink) {
    this.plant = plant;
    this.#sink = sink;
    this.metrics = new Metrics(plant.pools.length);
    this.#transport = new Transport(plant, this.#queue);
    let index = 0;
    this.#pools = plant.pools.map((pool, p) => {
      const made = poolOf(pool, p, index, plant.seed, this.table, this.#listener(pool, p));
      index += made.instances.length;
      return made;
    });
    this.#entry = this.#pools[0];
    this.#frontEnds = new Float64Array(plant.pools[0].instances);
    this.#decode = this.#pools[1];
    this.#emittedPerStep = (this.#decode ?? this.#entry).instances[0].options.acceptance.mean;
    if (plant.cache !== undefined) this.prefixes = new PrefixPool(this.table, plant.cache);
    this.#intake = new Intake(plant, source, this.table, this.#queue);
  }

  /** Instances of all pools, by pool. */
  get pools(): readonly { readonly plant: PoolPlant; readonly instances: readonly Instance[] }[] {
    return this.#pools;
  }

  /** Links of KV pushes and cache reads, and what flows over them. */
  get links(): Links {
    return this.#transport.links;
  }

  get transfers(): Transfers {
    return this.#transport.transfers;
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
    this.#intake.inject(Math.max(this.now, request.arrivedAt), request);
  }

  #next(until: Seconds): boolean {
    const queue = this.#queue;
    if (!queue.pop()) return false;
    this.#events++;
    this.now = queue.time;
    const { payload } = queue;
    switch (queue.kind) {
      case pending.arrival:
        this.#intake.arrived(this.now);
        this.#arrive(payload);
        break;
      case pending.injection:
        this.#arrive(payload);
        break;
      case pending.flowEnd:
        this.#transport.end(this.now, payload, (slot) => this.#releaseSource(slot));
        break;
      case pending.delivery:
        this.#deliver(payload);
        break;
      case pending.intake:
        this.#dispatch(payload);
        break;
      case pending.stepEnd:
        this.#ended(this.#instance(payload), until);
        break;
      case pending.stepStart:
        this.#begin(this.#instance(payload), until);
    }
    this.#transport.share(this.now);
    return true;
  }

  #instance(index: number): Instance {
    const entry = this.#entry.instances;
    return (index < entry.length ? entry[index] : this.#decode?.instances[index - entry.length]) as Instance;
  }

  #poolOf(instance: Instance): Pool {
    return instance.index < this.#entry.instances.length ? this.#entry : (this.#decode as Pool);
  }

  #ended(instance: Instance, until: Seconds): void {
    if (instance.pipeline === undefined) {
      if (this.#turn(instance)) this.#run(instance, until);
      return;
    }
    this.#end(instance);
    instance.running = false;
    instance.pipeline.wait(instance.index);
    // What it has given back may be what another batch waits for.
    this.#waitBehind(instance, instance.pipeline);
    this.#enter(instance.pipeline);
  }

  /** Batches of the same pipeline that have prompts and stand still look again: what this one pushed out may have made room. */
  #waitBehind(instance: Instance, pipeline: Pipeline): void {
    for (const other of inFlightWith(instance, this.#poolOf(instance))) if (!other.running && other.hungry) pipeline.wait(other.index);
  }

  #begin(instance: Instance, until: Seconds): void {
    if (instance.running) return;
    const { pipeline } = instance;
    if (pipeline !== undefined) {
      pipeline.wait(instance.index);
      this.#enter(pipeline);
    } else if (this.#start(instance, this.now)) this.#run(instance, until);
  }

  /** Lets batches into a pipeline whose first stage is free, in the order in which they came to wait; the others look again when it is. */
  #enter(pipeline: Pipeline): void {
    const { waiting } = pipeline;
    while (waiting.length > 0 && pipeline.freeAt <= this.now) {
      const first = this.#instance(waiting.shift() as number);
      if (!this.#start(first, this.now)) continue;
      this.#queue.push(first.endsAt, pending.stepEnd, pending.stepEnd, first.index);
      this.#waitBehind(first, pipeline);
    }
    if (waiting.length === 0 || pipeline.toldFor === pipeline.freeAt) return;
    pipeline.toldFor = pipeline.freeAt;
    this.#queue.push(pipeline.freeAt, pending.stepStart, pending.stepStart, waiting[0]);
  }

  /** Runs a formed iteration, and those behind it, past the queue while nothing else is due before the next one ends. */
  #run(instance: Instance, until: Seconds): void {
    for (;;) {
      const { endsAt } = instance;
      if (this.#queue.peekTime() <= endsAt || endsAt > until) {
        this.#queue.push(endsAt, pending.stepEnd, pending.stepEnd, instance.index);
        return;
      }
      this.now = endsAt;
      if (!this.#turn(instance)) return;
    }
  }

  /** Ends an iteration and forms the next one. Returns whether there is one. */
  #turn(instance: Instance): boolean {
    this.#end(instance);
    return this.#start(instance, this.now);
  }

  #end(instance: Instance): void {
    instance.end();
    if (instance.gaps > 0) this.metrics.at(this.now).itl.add(instance.endsAt - instance.before, instance.gaps);
  }

  #start(instance: Instance, at: Seconds): boolean {
    const formed = instance.start(at);
    if (this.#vacated) this.#move();
    this.#transport.share(this.now);
    if (!formed) return false;
    const { plant, index } = this.#poolOf(instance);
    const duration = instance.endsAt - at;
    const { iteration } = instance;
    const { decoding, prefillTokens } = iteration;
    const slots = plant.role === 'prefill' ? prefillTokens / (plant.tokenBudget * plant.ranks) : decoding / (plant.maxSequences * plant.ranks);
    const interval = this.metrics.at(at);
    const meter = interval.pools[index];
    meter.step(duration, iteration, slots, iteration.usedBlocks / (plant.kvBlocks * plant.ranks));
    const emitted = decoding * instance.options.acceptance.mean;
    meter.decodeTokens += emitted;
    interval.outputServed += emitted;
    this.steps++;
    this.#sink?.({ kind: 'step', at, duration, pool: plant.name, instance: instance.index, decoding, prefillTokens });
    return true;
  }

  /** Makes an idle instance look for work at the next instant of the grid. */
  #wake(instance: Instance): void {
    if (!instance.running) this.#queue.push(ceilToGrid(this.now), pending.stepStart, pending.stepStart, instance.index);
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
      this.#reject(slot, `prompt and answer longer than the ${this.plant.maxContext} tokens of ${this.plant.maxContextOf}`);
      return;
    }
    table.outputTokens[slot] = Math.min(table.outputTokens[slot], this.plant.maxContext - input);
    table.prompt[slot] = input;
    this.metrics.change(now, 1, 0);
    const { intake } = this.plant;
    const taken = intake === undefined ? 0 : intake.request + intake.token * input;
    if (taken > 0) this.#queue.push(this.#takenBy(taken), pending.intake, pending.intake, slot);
    else this.#dispatch(slot);
  }

  /** When the front end that is free first has taken a request in that arrives now. */
  #takenBy(taken: Seconds): Seconds {
    const free = this.#frontEnds;
    let first = 0;
    for (let i = 1; i < free.length; i++) if (free[i] < free[first]) first = i;
    free[first] = Math.max(free[first], this.now) + taken;
    return free[first];
  }

  #reject(slot: number, cause: string): void {
    const { table, now } = this;
    this.#rejected++;
    this.metrics.at(now).rejected++;
    this.causes.set(cause, (this.causes.get(cause) ?? 0) + 1);
    this.#sink?.({ kind: 'rejected', at: now, request: table.ordinal[slot], cause });
    table.release(slot);
    this.#intake.ended(now);
  }

  /** Sends a prompt to the rank with the least ahead of it, and fetches what the pooled cache has of it. */
  #dispatch(slot: number): void {
    const { table, now } = this;
    const { instances } = this.#entry;
    const loads: RankLoad[] = [];
    for (const { ranks } of instances)
      for (const rank of ranks) loads.push({ queuedTokens: rank.queuedTokens, sequences: rank.sequences + rank.waiting.size + rank.late.size });
    const chosen = leastLoaded(loads);
    const ranks = this.#entry.plant.ranks;
    const instance = instances[Math.floor(chosen / ranks)];
    const cached = this.#lookUp(slot);
    table.progress[slot] = cached;
    if (table.startedAt[slot] === -1) {
      table.readyAt[slot] = now;
      table.cachedTokens[slot] = cached;
    }
    if (cached === 0) {
      instance.enqueue(slot, chosen % ranks);
      this.#wake(instance);
      return;
    }
    table.source[slot] = chosen;
    instance.ranks[chosen % ranks].queuedTokens += table.prompt[slot] - cached;
    this.#transport.read(now, slot, cached, Math.floor(chosen / ranks) % this.#entry.plant.instances);
  }

  /** Prompt tokens whose KV the pooled cache holds. */
  #lookUp(slot: number): number {
    if (this.prefixes === undefined) return 0;
    const hit = this.prefixes.lookUp(slot);
    this.#countLookUp(slot, hit);
    return hit;
  }

  #countLookUp(slot: number, hit: number): void {
    this.cacheCounters.lookups++;
    this.cacheCounters.promptTokens += this.table.prompt[slot];
    this.cacheCounters.tokensHit += hit;
  }

  #releaseSource(slot: number): void {
    const ranks = this.#entry.plant.ranks;
    const source = this.table.source[slot];
    const instance = this.#entry.instances[Math.floor(source / ranks)];
    instance.release(slot, source % ranks);
    for (const other of inFlightWith(instance, this.#poolOf(instance))) this.#wake(other);
  }

  #deliver(payload: number): void {
    const { table, now } = this;
    const { slot, errand } = this.#transport.delivered(payload);
    if (errand === 'push') {
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
    instance.ranks[chosen % ranks].queuedTokens -= table.prompt[slot] - table.progress[slot];
    instance.enqueue(slot, chosen % ranks);
    this.#wake(instance);
  }

  /** Promises places to decode, first come first served, and sends the KV there. */
  #move(): void {
    this.#vacated = false;
    const { table, now } = this;
    const decode = this.#decode as Pool;
    const { ranks } = decode.plant;
    while (this.#moving.size > 0) {
      const slot = this.#moving.first;
      const chosen = leastOccupied(decode.instances, table.prompt[slot]);
      if (chosen < 0) return;
      this.#moving.shift();
      decode.instances[Math.floor(chosen / ranks)].reserve(slot, chosen % ranks);
      table.reservedAt[slot] = now;
      this.#transport.push(now, slot, table.prompt[slot], rankOver(table.source[slot], this.#entry.plant), rankOver(chosen, decode.plant));
    }
  }

  #listener(plant: PoolPlant, pool: number): InstanceListener {
    const { table } = this;
    const { firstToken } = this.plant;
    return {
      scheduled: (slot, at) => {
        this.metrics.change(at, -1, 1);
        if (this.plant.cache === undefined && plant.prefixCaching) {
          this.#countLookUp(slot, table.progress[slot]);
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
        const interval = this.metrics.at(at);
        if (table.prefilledAt[slot] === -1) interval.inputServed += table.inputTokens[slot];
        if (plant.role === 'merged') interval.outputServed++;
        table.prefilledAt[slot] = at;
        this.#sink?.({ kind: 'prefilled', at, request: table.ordinal[slot] });
        if (plant.role !== 'prefill') return;
        this.now = at;
        this.prefixes?.write(slot);
        const ranks = this.#entry.plant.ranks;
        table.source[slot] = table.instance[slot] * ranks + table.rank[slot];
        if (firstToken === 'prefill' && this.#emitFromPrefill(slot, at)) return;
        this.#moving.push(slot);
        this.#move();
      },
      firstToken: (slot, at) => {
        this.#sink?.({ kind: 'first-token', at, request: table.ordinal[slot] });
      },
      resumed: (slot, at) => {
        this.metrics.at(at).itl.add(at - table.lastTokenAt[slot]);
      },
      finished: (slot, at) => {
        this.now = at;
        this.#finish(slot);
      },
      preempted: (slot, at) => {
        this.metrics.at(at).pools[pool].preemptions++;
        this.metrics.change(at, 1, -1);
        this.#sink?.({ kind: 'preempted', at, request: table.ordinal[slot] });
        if (plant.role !== 'decode') return;
        this.now = at;
        this.#vacated = true;
        this.#dispatch(slot);
      },
    };
  }

  /** The prefill instance puts out a token itself. Returns whether it was the last. */
  #emitFromPrefill(slot: number, at: Seconds): boolean {
    const { table } = this;
    table.emitted[slot]++;
    table.fromPrompts[slot]++;
    this.metrics.at(at).outputServed++;
    if (table.firstTokenAt[slot] === -1) {
      table.firstTokenAt[slot] = at;
      this.#sink?.({ kind: 'first-token', at, request: table.ordinal[slot] });
    } else {
      this.metrics.at(at).itl.add(at - table.lastTokenAt[slot]);
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
    interval.finish(table.inputTokens[slot], table.cachedTokens[slot], output, table.firstTokenAt[slot] - arrivedAt, now - arrivedAt, this.plant.slo);
    // Steps were credited with the tokens that they put out on average; what this request really got makes up the difference.
    interval.outputServed += output - table.fromPrompts[slot] - table.stepsBefore[slot] * this.#emittedPerStep;
    addLifetime(table, slot, now, this.#decode !== undefined, interval.phases);
    this.metrics.change(now, 0, -1);
    this.#sink?.({ kind: 'finished', at: now, request: table.ordinal[slot], outputTokens: output });
    table.release(slot);
    this.#intake.ended(now);
    if (this.#moving.size > 0) this.#move();
  }
}
