import type { Seconds } from '../../src/base/units.ts';
import type { PricerSource } from '../../src/cost/shared-pricers.ts';
import { createSimulation, type Run } from '../../src/serving/deploy.ts';
import { Emissions } from '../../src/serving/emissions.ts';
import type { SimulationEvent } from '../../src/serving/events.ts';
import { act, type External, type ExternalAction } from '../../src/serving/external.ts';
import type { Scenario } from '../../src/serving/scenario.ts';
import type { Simulation } from '../../src/serving/simulation.ts';
import type { Arrival } from '../../src/serving/traffic/arrival.ts';
import { Alarm } from './alarm.ts';
import { Bursts, type Listener } from './bursts.ts';
import { LagMeter } from './lag.ts';
import type { Pace } from './pace.ts';
import { Seats } from './seats.ts';

/** How a request ended. */
export type RequestEnd = { readonly kind: 'finished' } | { readonly kind: 'rejected' | 'failed'; readonly cause: string };

/** A request of a client while the engine has it. What happens to it is told by `emit` and `end`, and then, once all of an instant has been told, by `flush`. */
export interface LiveRequest extends Listener {
  /** Number in order of arrival: the engine's name for it. */
  number: number;
  emit(tokens: number, at: Seconds): void;
  /** An iteration first computes some of its prompt; so much of it was in a cache. */
  scheduled(cachedTokens: number): void;
  end(end: RequestEnd): void;
  /** Its prompt is computed. */
  prefilled?(): void;
}

/** Who looks on: logs, metrics, KV events, a dashboard. */
export interface EngineObserver {
  event?(event: SimulationEvent): void;
  external?(record: External): void;
  /** Tokens of a request, of a client or not, came out; `request` is the engine's number, `slot` where its table has it now. */
  emitted?(request: number, tokens: number, at: Seconds, slot: number): void;
}

/** The engine at the pace of a wall clock: what clients ask for is injected when it comes, and told to them when it happens. */
export class LiveEngine {
  readonly run: Run;
  readonly pace: Pace;
  readonly lag: LagMeter = new LagMeter();
  /** Told when tokens left later than `lateBound` seconds of the wall clock. */
  onLate: (late: Seconds) => void = () => {};
  readonly #live = new Seats<LiveRequest>();
  readonly #observers: EngineObserver[] = [];
  readonly #bursts: Bursts;
  readonly #alarm: Alarm;
  #stopped = false;

  constructor(scenario: Scenario, pace: Pace, lateBound: Seconds = Infinity, pricers?: PricerSource) {
    this.pace = pace;
    this.#bursts = new Bursts(pace, this.lag);
    this.#bursts.onTold = (late) => {
      if (late > lateBound) this.onLate(late);
    };
    this.#alarm = new Alarm(
      (at) => pace.until(at),
      () => this.#turn(),
    );
    this.run = createSimulation(scenario, (event) => this.#tell(event), pricers);
    const { world } = this.simulation;
    const emissions = new Emissions(world.table);
    let at: Seconds = 0;
    const told = (slot: number, tokens: number): void => this.#emit(slot, tokens, at);
    world.emissions = {
      prompted: (slot, now) => this.#emit(slot, 1, now),
      stepped: (instance) => {
        at = instance.endsAt;
        emissions.of(instance, told);
      },
    };
  }

  get simulation(): Simulation {
    return this.run.simulation;
  }

  /** Requests of clients that it has. */
  get inFlight(): number {
    return this.#live.size;
  }

  observe(observer: EngineObserver): void {
    this.#observers.push(observer);
  }

  /** Lets time go on. */
  start(): void {
    this.#wait();
  }

  /** Takes a request in now. What becomes of it at once, such as a rejection, has been told when this returns, but for the flush. */
  submit(arrival: Omit<Arrival, 'arrivedAt' | 'thread'>, request: LiveRequest): void {
    this.#catchUp();
    const { simulation } = this;
    request.number = simulation.snapshot().arrived;
    this.#live.set(request.number, request);
    this.#do({ kind: 'inject', request: { ...arrival, arrivedAt: simulation.now, thread: -1 } });
    simulation.advance(simulation.now);
    this.#wait();
  }

  /** Nobody waits for a request any more. It is told nothing from now on. */
  abort(request: LiveRequest, cause: string): void {
    if (this.#live.get(request.number) !== request) return;
    this.#catchUp();
    if (this.#live.delete(request.number)) this.#do({ kind: 'abort', request: request.number, cause });
    this.#wait();
  }

  /** Tells another from now on what becomes of a request; returns false where it has ended. */
  replace(number: number, request: LiveRequest): boolean {
    if (this.#live.get(number) === undefined) return false;
    request.number = number;
    this.#live.set(number, request);
    return true;
  }

  /** Does something from outside at this moment, whatever it concerns. */
  perform(action: ExternalAction): void {
    this.#catchUp();
    this.#do(action);
    this.#wait();
  }

  /** Gets to the present, for who looks on: while nothing is due, nothing else lets time go on. */
  catchUp(): void {
    this.#catchUp();
    this.#wait();
  }

  /** Ends the run: what is in flight is given up with a cause, and time stands still. */
  stop(cause: string): void {
    if (this.#stopped) return;
    this.#catchUp();
    for (const number of this.#live.numbers()) this.#do({ kind: 'abort', request: number, cause });
    this.#do({ kind: 'stop' });
    this.#stopped = true;
    this.#alarm.clear();
    this.#bursts.close();
    this.#bursts.tell(Infinity);
  }

  #do(action: ExternalAction): void {
    act(this.simulation, action, (record) => {
      for (const observer of this.#observers) observer.external?.(record);
    });
  }

  #emit(slot: number, tokens: number, at: Seconds): void {
    const number = this.simulation.table.ordinal[slot] as number;
    const request = this.#live.at(slot, number);
    request?.emit(tokens, at);
    for (const observer of this.#observers) observer.emitted?.(number, tokens, at, slot);
    if (request !== undefined) this.#bursts.add(request, at);
  }

  #tell(event: SimulationEvent): void {
    for (const observer of this.#observers) observer.event?.(event);
    if (event.kind === 'prefilled') {
      const request = this.#live.get(event.request);
      if (request?.prefilled === undefined) return;
      request.prefilled();
      this.#bursts.add(request, event.at);
    } else if (event.kind === 'scheduled') this.#live.get(event.request)?.scheduled(event.cachedTokens);
    else if (event.kind === 'finished') this.#ended(event.request, { kind: 'finished' }, event.at);
    else if (event.kind === 'rejected' || event.kind === 'failed') this.#ended(event.request, { kind: event.kind, cause: event.cause }, event.at);
  }

  #ended(number: number, end: RequestEnd, at: Seconds): void {
    const request = this.#live.get(number);
    if (request === undefined) return;
    this.#live.delete(number);
    request.end(end);
    this.#bursts.add(request, at);
  }

  /** Something is due, or somebody waits to be told. */
  #turn(): void {
    this.#catchUp();
    this.#bursts.tell();
    this.#wait();
  }

  /** Lets everything happen that is due by the wall clock. */
  #catchUp(): void {
    const { simulation, pace } = this;
    if (this.#stopped) return;
    simulation.advance(Math.max(simulation.now, pace.now));
    this.#bursts.close();
  }

  #wait(): void {
    this.#bursts.close();
    if (!this.#stopped) this.#alarm.set(this.#bursts.empty ? this.simulation.world.queue.peekTime() : -Infinity);
  }
}
