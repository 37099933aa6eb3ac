import type { Seconds } from '../base/units.ts';
import type { Transfers } from '../network/transfers.ts';
import type { Actor } from './actor.ts';
import type { Errand, EventSink } from './events.ts';
import type { PlannedFault } from './faults/fault.ts';
import type { Instance } from './instance.ts';
import { FrontEnds } from './front-ends.ts';
import { Intake } from './intake.ts';
import type { Metrics } from './metrics.ts';
import { pending } from './pending.ts';
import type { Plant, PoolPlant } from './plant.ts';
import type { PrefixPool } from './prefix-pool.ts';
import { anywhere, held } from './rare-fields.ts';
import type { RequestTable } from './request-table.ts';
import { Services, type RanksNamed } from './services.ts';
import type { CacheCounters, Snapshot } from './snapshot.ts';
import type { Arrival, RequestSource } from './traffic/arrival.ts';
import type { Transport } from './transport.ts';
import { Turns } from './turns.ts';
import { World } from './world.ts';

/** Acts in a row, no iteration ending and nothing being delivered between them, after which requests that wait are given up. */
const PATIENCE = 10_000;

/**
 * A deployment serving requests. Time moves only in `step`; the caller owns the clock. Deterministic: the same plant and source
 * give the same bytes.
 */
export class Simulation {
  readonly plant: Plant;
  readonly service: Services;
  /** Plans a fault, now or later, and returns its number; absent where nothing is said of how the deployment gets over faults. */
  strike: ((fault: PlannedFault) => number) | undefined;
  /** Faults that are planned or not over, and what ends one of them, or keeps it from coming, by its number. */
  faults:
    | { heal(number: number): boolean; pending(): readonly { readonly number: number; readonly fault: PlannedFault; readonly struck: boolean }[] }
    | undefined;
  /** Says how many instances a pool should have; absent where no control loop lets them come and go. */
  scale: ((pool: number, count: number) => void) | undefined;
  readonly #world: World;
  readonly #intake: Intake;
  readonly #instances: readonly Instance[];
  readonly #actors: Actor[] = [];
  /** When each actor acts next. */
  readonly #due: Seconds[] = [];
  /** Events of actors that are pending, and acts since anything was served. */
  #expected = 0;
  #acts = 0;
  readonly #left = (slot: number, errand: Errand): void => this.service.left(slot, errand);
  readonly #came = (slot: number, errand: Errand): void => (errand === 'push' ? this.service.landed(slot) : this.service.read(slot));
  readonly #ended = (slot: number): void => this.#intake.ended(this.now, slot);
  readonly #frontEnds: FrontEnds;
  readonly #turns: Turns;
  #events = 0;

  constructor(plant: Plant, source: RequestSource, sink?: EventSink) {
    this.plant = plant;
    this.#world = new World(plant, sink);
    this.service = new Services(this.#world, plant);
    this.#instances = this.service.pools.flatMap(({ instances }) => instances);
    this.#intake = new Intake(plant, source, this.#world.table, this.#world.queue);
    this.#world.onEnd = this.#ended;
    this.#frontEnds = new FrontEnds(this.#world, this.service);
    this.#turns = new Turns(this.#world, this.service, this.#instances);
  }

  /** Lets an actor act from now on. */
  attach(actor: Actor): void {
    this.#expect(this.#actors.push(actor) - 1);
  }

  /** Tells that what an actor waits for has changed outside of its acts. */
  wake(actor: Actor): void {
    const index = this.#actors.indexOf(actor);
    if (index >= 0 && actor.nextAt !== this.#due[index]) this.#expect(index);
  }

  /** Goes through what was laid out of iterations up to now: whatever is done to instances from outside begins with this. */
  touch(): void {
    for (const instance of this.#instances) this.#world.touch(instance, this.service.poolOf(instance));
  }

  /** What services share. For actors. */
  get world(): World {
    return this.#world;
  }

  get now(): Seconds {
    return this.#world.now;
  }

  get lastArrivalAt(): Seconds {
    return this.#frontEnds.lastArrivalAt;
  }

  get metrics(): Metrics {
    return this.#world.metrics;
  }

  get table(): RequestTable {
    return this.#world.table;
  }

  get cacheCounters(): CacheCounters {
    return this.#world.cacheCounters;
  }

  get prefixes(): PrefixPool | undefined {
    return this.service.prefixes;
  }

  /** Requests that were rejected or failed, by cause. */
  get causes(): ReadonlyMap<string, number> {
    return this.#world.causes;
  }

  /** Iterations that have begun, but for those of instances that have not been looked at since. */
  get steps(): number {
    return this.#world.steps;
  }

  /** Of these, those that were laid out ahead and gone through together. */
  get stepsAhead(): number {
    return this.#world.ahead;
  }

  /** Instances of all pools, by pool. */
  get pools(): readonly { readonly plant: PoolPlant; readonly instances: readonly Instance[] }[] {
    return this.service.pools;
  }

  /** What flows over the plant's links, and what has begun to. */
  get transport(): Transport {
    return this.#world.transport;
  }

  get transfers(): Transfers {
    return this.#world.transport.transfers;
  }

  /** When the next event is due; Infinity when nothing is left to happen. */
  get nextEventAt(): Seconds {
    return this.done ? Infinity : this.#world.queue.peekTime();
  }

  /** Nothing is left to happen but what actors would do to an idle deployment. */
  get done(): boolean {
    const { queue, voided, transport } = this.#world;
    return queue.size === this.#expected + voided && this.#inFlight === 0 && !transport.transfers.changed;
  }

  get #inFlight(): number {
    const { waitingNow, runningNow } = this.#world.metrics;
    return waitingNow + runningNow;
  }

  snapshot(): Snapshot {
    const { metrics, finished, rejected, failed, now } = this.#world;
    const { waitingNow: waiting, runningNow: running } = metrics;
    return { at: now, arrived: this.#frontEnds.arrived, finished, rejected, failed, waiting, running, events: this.#events };
  }

  /** Handles the next event, and with it the iterations that nothing comes between. Returns false when there is none. */
  step(): boolean {
    if (this.done) return false;
    const { queue, voided, transport } = this.#world;
    if (queue.size > this.#expected + voided || transport.transfers.changed) return this.#next(Infinity);
    if (this.#expected > 0 && this.#acts < PATIENCE) return this.#next(Infinity);
    this.#abandon();
    return true;
  }

  /** Handles every event up to and including `until`. */
  advance(until: Seconds): void {
    const world = this.#world;
    while (world.queue.peekTime() <= until) this.#next(until);
    world.now = Math.max(world.now, until);
  }

  /** Adds a request from outside, such as a live client's. `arrivedAt` must not lie in the past. */
  inject(request: Readonly<Arrival>): void {
    this.#intake.inject(Math.max(this.now, request.arrivedAt), request);
  }

  /**
   * Takes a request back that nobody waits for any more, by its number in order of arrival; one that a front end has in its hands is given up
   * when that is through with it. It counts as failed.
   * @returns whether it was there
   */
  abort(request: number, cause: string): boolean {
    return this.#with(request, (slot) => {
      if (!this.service.abort(slot, cause)) this.#frontEnds.withdraw(slot, cause);
    });
  }

  /**
   * Says where a request decodes whose KV was held, and how long its answer is.
   * @param instance of the pool that decodes, by its number in it; absent: any
   * @param tokens of the answer, the one that the prefill has put out included; cut to what the deployment takes
   * @param rank of that instance; absent: any
   * @returns whether it was there and held
   */
  handOver(request: number, instance: number | undefined, tokens: number, rank?: number): boolean {
    const { table } = this.#world;
    return this.#with(request, (slot) => {
      if (table.rare.of(slot).decodesOn !== held) return;
      const most = this.service.limits(slot).maxContext - table.inputTokens[slot];
      this.service.handOver(slot, instance ?? anywhere, rank ?? anywhere, Math.min(most, Math.max(tokens, table.emitted[slot] + 1)));
    });
  }

  /** Drops cached prefixes, as when a server is told to; see `Services`. */
  flush(at: RanksNamed, pooled: boolean): boolean {
    this.touch();
    return this.service.flush(at, pooled);
  }

  /** Does something to a request in flight by its number. Returns whether it is there. */
  #with(request: number, change: (slot: number) => void): boolean {
    const { table, transport } = this.#world;
    for (const slot of table.slots()) {
      if (table.ordinal[slot] !== request) continue;
      this.touch();
      change(slot);
      this.service.settleDrained();
      transport.share(this.now);
      return true;
    }
    return false;
  }

  #next(until: Seconds): boolean {
    const world = this.#world;
    const { queue } = world;
    if (!queue.pop()) {
      world.transport.share(world.now);
      return false;
    }
    this.#events++;
    world.now = queue.time;
    const { payload } = queue;
    switch (queue.kind) {
      case pending.arrival:
        this.#intake.arrived();
        this.#frontEnds.arrive(payload);
        break;
      case pending.injection:
        this.#frontEnds.arrive(payload);
        break;
      case pending.flowEnd:
        world.transport.end(world.now, payload, this.#left);
        break;
      case pending.delivery:
        world.transport.deliver(payload, this.#came);
        break;
      case pending.intake:
        this.#frontEnds.taken(payload);
        break;
      case pending.stepEnd:
        this.#turns.ended(this.#instances[payload], until);
        break;
      case pending.stepStart:
        this.#turns.begin(this.#instances[payload], until);
        break;
      case pending.actor:
        this.#act(payload);
    }
    if (queue.kind === pending.actor) this.#acts++;
    else if (queue.kind === pending.stepEnd || queue.kind === pending.delivery) this.#acts = 0;
    this.service.settleDrained();
    world.share();
    return true;
  }

  #expect(index: number): void {
    const { nextAt } = this.#actors[index];
    this.#due[index] = nextAt;
    if (nextAt === Infinity) return;
    this.#expected++;
    this.#world.queue.push(nextAt, pending.actor, pending.actor, index);
  }

  #act(index: number): void {
    this.#expected--;
    // It was told another time since then.
    if (this.#due[index] !== this.now) return;
    this.#due[index] = Infinity;
    this.touch();
    this.#actors[index].act(this);
    this.#expect(index);
  }

  /** Nothing will serve those that are still there. */
  #abandon(): void {
    const world = this.#world;
    const give = (slot: number): void => world.fail(slot, 'nothing was left that could have served it');
    // What instances hold is taken from them: a slot that is free must be nowhere.
    for (const { instances, plant } of this.service.pools) for (const instance of instances.slice(0, plant.instances)) this.service.wipe(instance, give);
    this.service.forsake(give);
  }
}
