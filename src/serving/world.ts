import type { Seconds } from '../base/units.ts';
import { EventQueue } from '../kernel/event-queue.ts';
import type { EventSink } from './events.ts';
import { ceilToGrid } from './grid.ts';
import type { Instance } from './instance.ts';
import { Metrics } from './metrics.ts';
import { pending } from './pending.ts';
import { runs } from './place.ts';
import type { Plant } from './plant.ts';
import type { Pool } from './pools.ts';
import { RequestTable } from './request-table.ts';
import type { CacheCounters } from './snapshot.ts';
import { Transport } from './transport.ts';

/** Is told of latencies as a front end would measure them, with the number of the model that was asked for. */
export interface LatencyListener {
  firstToken(model: number, ttft: Seconds): void;
  ended(model: number, ttft: Seconds, e2e: Seconds, output: number): void;
}

/** Is told of tokens as they come out, where somebody looks on: every one of them, once. */
export interface EmissionListener {
  /** The prompt of a request is computed, which puts out one token. */
  prompted(slot: number, at: Seconds): void;
  /** A decode step of an instance ends at its `endsAt`; see `Emissions`. */
  stepped(instance: Instance): void;
}

/**
 * What everything in a simulation shares: the clock, events to come, requests in flight, links, meters. Only `Simulation` moves `now`; an
 * iteration that ends tells at which instant it did.
 */
export class World {
  now: Seconds = 0;
  readonly plant: Plant;
  readonly queue: EventQueue = new EventQueue();
  readonly table: RequestTable = new RequestTable();
  readonly metrics: Metrics;
  readonly transport: Transport;
  readonly cacheCounters: CacheCounters = { lookups: 0, promptTokens: 0, tokensHit: 0 };
  readonly sink: EventSink | undefined;
  /** Requests that were rejected or failed, by cause. */
  readonly causes: Map<string, number> = new Map();
  listener: LatencyListener | undefined;
  emissions: EmissionListener | undefined;
  steps = 0;
  /** Of these, those that were laid out ahead; and ends in the queue that hold no longer. */
  ahead = 0;
  voided = 0;
  finished = 0;
  rejected = 0;
  failed = 0;
  /** Told of each request that has ended, whatever its end, before its slot is used again. */
  onEnd: (slot: number) => void = () => {};

  constructor(plant: Plant, sink: EventSink | undefined) {
    this.plant = plant;
    this.sink = sink;
    this.metrics = new Metrics(plant.pools.length, plant.tenants?.length);
    this.transport = new Transport(plant, this.queue);
  }

  /** A request that is not served, by policy or for want of room; it waits nowhere and was not counted as waiting. */
  reject(slot: number, cause: string): void {
    this.rejected++;
    const interval = this.metrics.at(this.now);
    interval.rejected++;
    const tenant = interval.tenants.of(this.table.tenant[slot]);
    if (tenant !== undefined) tenant.rejected++;
    this.#end(slot, 'rejected', cause);
  }

  /** A request in flight that cannot be served to its end; it has been taken from wherever it was. */
  fail(slot: number, cause: string): void {
    const running = runs(this.table.place[slot]);
    this.metrics.change(this.now, running ? 0 : -1, running ? -1 : 0);
    this.failed++;
    const interval = this.metrics.at(this.now);
    interval.failed++;
    const tenant = interval.tenants.of(this.table.tenant[slot]);
    if (tenant !== undefined) tenant.failed++;
    this.#end(slot, 'failed', cause);
  }

  /** Something comes to an instance, or changes it: what was laid out of its iterations holds up to now, and its next end is that of the one that runs. */
  touch(instance: Instance, pool: Pool): void {
    this.catchUp(instance, pool);
    const due = instance.coast.until;
    if (due === 0) return;
    instance.coast.drop();
    this.queue.push(instance.endsAt, pending.stepEnd, pending.stepEnd, instance.index);
    instance.voided.push(due);
    this.voided++;
  }

  /** Goes through what was laid out of an instance's iterations and has begun by now. */
  catchUp(instance: Instance, pool: Pool): void {
    if (instance.coast.until === 0) return;
    // Ends of this very instant come before what follows them in it, and behind arrivals.
    this.run(instance, this.now, this.queue.kind >= pending.intake, pool);
  }

  /** Goes through the iterations that begin before `at`, and those that begin then where it is `included`. */
  run(instance: Instance, at: Seconds, included: boolean, pool: Pool): void {
    const begun = instance.coast.catchUp(at, included, this.metrics, pool);
    this.steps += begun;
    this.ahead += begun;
  }

  /** Makes an iteration that is held begin at the next instant of the grid, if it has what it waits for. */
  goOn(instance: Instance): void {
    if (instance.reads === 0 && !instance.stuck) this.queue.push(ceilToGrid(this.now), pending.stepStart, pending.stepStart, instance.index);
  }

  /** Makes an instance that stands still look for work at the next instant of the grid, where it may have some. */
  wake(instance: Instance): void {
    // One of a pipeline waits for its turn from now on, whatever it will have by then.
    if (instance.running || instance.stuck || (instance.idle && instance.pipeline === undefined)) return;
    const at = ceilToGrid(this.now);
    if (instance.wokenAt === at) return;
    instance.wokenAt = at;
    this.queue.push(at, pending.stepStart, pending.stepStart, instance.index);
  }

  /** Shares links with the last event of an instant: rates that hold for no time carry nothing. */
  share(): void {
    if (this.transport.transfers.changed && this.queue.peekTime() > this.now) this.transport.share(this.now);
  }

  /** A request that has ended: its slot is free. */
  release(slot: number): void {
    this.onEnd(slot);
    this.table.release(slot);
  }

  #end(slot: number, kind: 'rejected' | 'failed', cause: string): void {
    this.causes.set(cause, (this.causes.get(cause) ?? 0) + 1);
    this.sink?.({ kind, at: this.now, request: this.table.ordinal[slot], cause });
    this.release(slot);
  }
}
