import { Acceptance } from '../../serving/acceptance.ts';
import type { Errand, SimulationEvent } from '../../serving/events.ts';
import type { Plant, PoolPlant } from '../../serving/plant.ts';
import { Buckets } from './buckets.ts';
import type { TraceOutput } from './output.ts';

type Step = Extract<SimulationEvent, { kind: 'step' }>;

interface Counter {
  readonly buckets: Buckets;
  readonly process: string;
  readonly name: string;
  readonly unit: string;
  readonly scale: number;
}

interface PoolCounters {
  readonly plant: PoolPlant;
  readonly meanTokens: number;
  readonly kv: Buckets;
  /** Absent where nothing decodes. */
  readonly sequences: Buckets | undefined;
  readonly busy: Buckets;
  /** Last step of each instance, and sums over them. */
  readonly last: Map<number, Step>;
  blocks: number;
  decoding: number;
}

interface PlaneCounters {
  readonly flows: Buckets;
  readonly rate: Buckets;
  readonly active: Set<number>;
}

/** Quantities over time: of the whole run, of each pool and of each plane. Kept in buckets, and written at the end. */
export class TraceCounters {
  readonly #output: TraceOutput;
  readonly #plant: Plant;
  readonly #planeOf: (errand: Errand) => string;
  readonly #counters: Counter[] = [];
  readonly #waiting: Buckets;
  readonly #running: Buckets;
  readonly #rejected: Buckets;
  readonly #computed: Buckets;
  readonly #put: Buckets;
  readonly #finished: Buckets;
  readonly #pools = new Map<string, PoolCounters>();
  readonly #moved = new Map<Errand, PlaneCounters>();
  #waits = 0;
  #turnedAway = 0;
  /** Requests that run. */
  readonly #runs = new Set<number>();

  constructor(output: TraceOutput, plant: Plant, planeOf: (errand: Errand) => string) {
    this.#output = output;
    this.#plant = plant;
    this.#planeOf = planeOf;
    this.#waiting = this.#add('level', 'run', 'requests waiting', 'requests');
    this.#running = this.#add('level', 'run', 'requests running', 'requests');
    this.#finished = this.#add('rate', 'run', 'requests finished', '1/s');
    this.#rejected = this.#add('level', 'run', 'requests rejected or failed', 'requests');
    this.#computed = this.#add('rate', 'run', 'prompt tokens computed', 'tokens/s');
    this.#put = this.#add('rate', 'run', 'output tokens', 'tokens/s');
  }

  tell(event: SimulationEvent): void {
    const { at } = event;
    switch (event.kind) {
      case 'arrived':
        this.#waiting.set(at, ++this.#waits);
        return;
      case 'scheduled':
        this.#leave(at, event.request);
        this.#running.set(at, this.#runs.add(event.request).size);
        return;
      case 'preempted':
      case 'interrupted':
        this.#leave(at, event.request);
        this.#waiting.set(at, ++this.#waits);
        return;
      case 'rejected':
      case 'failed':
        this.#rejected.set(at, ++this.#turnedAway);
        return this.#leave(at, event.request);
      case 'finished':
        this.#finished.add(at, at, 1);
        return this.#leave(at, event.request);
      case 'prefilled':
        if (this.#plant.firstToken === 'prefill') this.#put.add(at, at, 1);
        return;
      case 'step':
        return this.#step(event);
      case 'transfer-begun':
      case 'transfer-ended':
      case 'transfer-lost':
        return this.#flow(at, event.errand, event.kind, event.request);
      case 'routed':
      case 'fetched':
      case 'moved':
      case 'fault':
      case 'healed':
      case 'instance':
      case 'first-token':
    }
  }

  /** Bytes that a transfer has moved, spread over its time. */
  carried(errand: Errand, from: number, to: number, bytes: number): void {
    this.#planeAt(errand).rate.add(from, to, bytes);
  }

  end(): void {
    for (const { buckets, process, name, unit, scale } of this.#counters) {
      let counter: number | undefined;
      const number = this.#output.process(process);
      for (const { at, value } of buckets.points()) {
        counter ??= this.#output.counter(number, name, unit);
        this.#output.record({ kind: 'value', process: number, counter, at, value: value * scale });
      }
    }
  }

  #add(kind: 'level' | 'rate', process: string, name: string, unit: string, scale = 1): Buckets {
    const { from, to } = this.#output.window;
    const buckets = new Buckets(kind, from, to);
    this.#counters.push({ buckets, process, name, unit, scale });
    return buckets;
  }

  /** A request no longer waits, or runs, whichever it did. */
  #leave(at: number, request: number): void {
    if (this.#runs.delete(request)) this.#running.set(at, this.#runs.size);
    else this.#waiting.set(at, --this.#waits);
  }

  #step(event: Step): void {
    const { at, duration, pool, instance, decoding, prefillTokens, kv } = event;
    const counters = this.#poolNamed(pool);
    if (counters === undefined) return;
    const all = counters.plant.instances * counters.plant.stages;
    const end = at + duration;
    counters.busy.add(at, end, duration / all);
    const before = counters.last.get(instance);
    counters.last.set(instance, event);
    counters.blocks += kv - (before?.kv ?? 0);
    counters.decoding += decoding - (before?.decoding ?? 0);
    counters.kv.set(at, counters.blocks / all);
    counters.sequences?.set(at, counters.decoding);
    if (prefillTokens > 0) this.#computed.add(at, end, prefillTokens);
    if (decoding > 0) this.#put.add(at, end, decoding * counters.meanTokens);
  }

  #poolNamed(name: string): PoolCounters | undefined {
    const known = this.#pools.get(name);
    if (known !== undefined) return known;
    const plant = this.#plant.pools.find((pool) => pool.name === name);
    if (plant === undefined) return undefined;
    const process = `${name} pool`;
    const made = {
      plant,
      meanTokens: new Acceptance(this.#plant.seed, plant.acceptance).mean,
      busy: this.#add('rate', process, `${name}: instances running a step`, '%', 100),
      kv: this.#add('level', process, `${name}: KV blocks in use`, '%', 100),
      sequences: plant.role === 'prefill' ? undefined : this.#add('level', process, `${name}: decoding sequences`, 'sequences'),
      last: new Map<number, Step>(),
      blocks: 0,
      decoding: 0,
    };
    this.#pools.set(name, made);
    return made;
  }

  #flow(at: number, errand: Errand, kind: 'transfer-begun' | 'transfer-ended' | 'transfer-lost', request: number): void {
    const plane = this.#planeAt(errand);
    if (kind === 'transfer-begun') plane.active.add(request);
    // What is lost while it lands is under way no more.
    else if (!plane.active.delete(request)) return;
    plane.flows.set(at, plane.active.size);
  }

  #planeAt(errand: Errand): PlaneCounters {
    const known = this.#moved.get(errand);
    if (known !== undefined) return known;
    const process = this.#planeOf(errand);
    const words = errand === 'push' ? 'KV pushes' : 'cache reads';
    const made = {
      flows: this.#add('level', process, `${words} under way`, 'transfers'),
      rate: this.#add('rate', process, words, 'GB/s', 1e-9),
      active: new Set<number>(),
    };
    this.#moved.set(errand, made);
    return made;
  }
}
