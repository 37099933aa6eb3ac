import { Acceptance } from '../../serving/acceptance.ts';
import type { Errand, SimulationEvent } from '../../serving/events.ts';
import type { Plant, PoolPlant } from '../../serving/plant.ts';
import { Buckets } from './buckets.ts';
import type { TraceOutput } from './output.ts';

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
  readonly sequences: Buckets;
  readonly busy: Buckets;
  readonly kvOf: Map<number, number>;
  readonly decodingOf: Map<number, number>;
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
  readonly #moved = new Map<string, { readonly flows: Buckets; readonly rate: Buckets; active: number }>();
  readonly #count: { waiting: number; running: number; rejected: number } = { waiting: 0, running: 0, rejected: 0 };

  constructor(output: TraceOutput, plant: Plant, planeOf: (errand: Errand) => string) {
    this.#output = output;
    this.#plant = plant;
    this.#planeOf = planeOf;
    this.#waiting = this.#add('level', 'run', 'requests waiting', 'requests');
    this.#running = this.#add('level', 'run', 'requests running', 'requests');
    this.#finished = this.#add('rate', 'run', 'requests finished', '1/s');
    this.#rejected = this.#add('level', 'run', 'requests rejected', 'requests');
    this.#computed = this.#add('rate', 'run', 'prompt tokens computed', 'tokens/s');
    this.#put = this.#add('rate', 'run', 'output tokens', 'tokens/s');
  }

  tell(event: SimulationEvent): void {
    const { at } = event;
    switch (event.kind) {
      case 'arrived':
        return this.#change(at, 1, 0);
      case 'scheduled':
        return this.#change(at, -1, 1);
      case 'preempted':
        return this.#change(at, 1, -1);
      case 'rejected':
        this.#rejected.set(at, ++this.#count.rejected);
        return this.#change(at, -1, 0);
      case 'finished':
        this.#finished.add(at, at, 1);
        return this.#change(at, 0, -1);
      case 'prefilled':
        if (this.#plant.firstToken === 'prefill') this.#put.add(at, at, 1);
        return;
      case 'step':
        return this.#step(event);
      case 'transfer-begun':
      case 'transfer-ended':
        return this.#flow(at, event.errand, event.kind === 'transfer-begun' ? 1 : -1);
      case 'routed':
      case 'fetched':
      case 'moved':
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

  #change(at: number, waiting: number, running: number): void {
    this.#waiting.set(at, (this.#count.waiting += waiting));
    this.#running.set(at, (this.#count.running += running));
  }

  #step(event: Extract<SimulationEvent, { kind: 'step' }>): void {
    const { at, duration, pool, instance, decoding, prefillTokens, kv } = event;
    const counters = this.#poolNamed(pool);
    if (counters === undefined) return;
    const all = counters.plant.instances * counters.plant.stages;
    const end = at + duration;
    counters.busy.add(at, end, duration / all);
    counters.kvOf.set(instance, kv);
    counters.decodingOf.set(instance, decoding);
    let blocks = 0;
    for (const share of counters.kvOf.values()) blocks += share;
    counters.kv.set(at, blocks / all);
    let sequences = 0;
    for (const count of counters.decodingOf.values()) sequences += count;
    counters.sequences.set(at, sequences);
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
      sequences: this.#add('level', process, `${name}: decoding sequences`, 'sequences'),
      kvOf: new Map<number, number>(),
      decodingOf: new Map<number, number>(),
    };
    this.#pools.set(name, made);
    return made;
  }

  #flow(at: number, errand: Errand, change: number): void {
    const plane = this.#planeAt(errand);
    plane.flows.set(at, (plane.active += change));
  }

  #planeAt(errand: Errand): { readonly flows: Buckets; readonly rate: Buckets; active: number } {
    const known = this.#moved.get(errand);
    if (known !== undefined) return known;
    const process = this.#planeOf(errand);
    const words = errand === 'push' ? 'KV pushes' : 'cache reads';
    const made = { flows: this.#add('level', process, `${words} under way`, 'transfers'), rate: this.#add('rate', process, words, 'GB/s', 1e-9), active: 0 };
    this.#moved.set(errand, made);
    return made;
  }
}
