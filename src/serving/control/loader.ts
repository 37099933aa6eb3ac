import type { Bytes, BytesPerSecond, Seconds } from '../../base/units.ts';
import { Transfers } from '../../network/transfers.ts';
import type { Weights } from './control.ts';

/** Weights that instances of one kind run on. */
export interface WeightsOf {
  /** Name of what host memory and the store keep: a model in a format. */
  readonly name: string;
  /** Once, as the store and host memory keep them. */
  readonly stored: Bytes;
  /** On all dies of an instance together, copies included. */
  readonly placed: Bytes;
  /** What the dies of an instance take in from where host memory keeps them. */
  readonly intake: BytesPerSecond;
}

/** Where the weights of a load came from: `waited`: another load was fetching the same already. */
export type LoadSource = 'store' | 'waited' | 'host memory';

interface Load {
  readonly weights: WeightsOf;
  /** Nodes that keep what it fetches, for `local`. */
  readonly nodes: readonly number[];
  readonly begunAt: Seconds;
  source: LoadSource;
  stage: 'fetch' | 'copy' | 'setup';
  readyAt: Seconds;
}

/** A load that has come to its end. */
export interface Loaded {
  readonly key: number;
  readonly source: LoadSource;
  readonly begunAt: Seconds;
}

/** Loads of weights: from the store into host memory, from there over CPU ports onto dies, then setup. Those under way at once share what they pass (CTL-4). */
export class Loader {
  readonly #weights: Weights;
  readonly #transfers: Transfers;
  readonly #loads = new Map<number, Load>();
  /** What host memory keeps, least recently used first: bytes by `place name`. A place is a node, or the machine. */
  readonly #kept = new Map<string, { readonly place: number; readonly name: string; readonly bytes: Bytes }>();

  /** @param pool CPU ports of all nodes together, one way; @param intake of each load, by its number */
  constructor(weights: Weights, pool: BytesPerSecond, intake: readonly BytesPerSecond[]) {
    this.#weights = weights;
    this.#transfers = new Transfers([weights.store, pool, ...intake]);
  }

  /** Weights that instances have loaded before the beginning are in host memory, where it keeps any. */
  keep(weights: WeightsOf, nodes: readonly number[]): void {
    const { place, capacity } = this.#weights;
    if (place === 'none') return;
    const places = place === 'pooled' ? [0] : nodes;
    // Nodes share one copy among them.
    const bytes = weights.stored / places.length;
    for (const at of places) {
      const key = `${at} ${weights.name}`;
      this.#kept.delete(key);
      if (bytes > capacity) continue;
      for (const [other, { place: there }] of this.#kept) if (there === at && this.#usedAt(at) + bytes > capacity) this.#kept.delete(other);
      this.#kept.set(key, { place: at, name: weights.name, bytes });
    }
  }

  /** When the next load changes; Infinity where none is under way. */
  get nextAt(): Seconds {
    let next = this.#transfers.nextEndAt();
    for (const { stage, readyAt } of this.#loads.values()) if (stage === 'setup') next = Math.min(next, readyAt);
    return next;
  }

  begin(at: Seconds, key: number, weights: WeightsOf, nodes: readonly number[]): void {
    const load: Load = { weights, nodes, begunAt: at, source: 'host memory', stage: 'fetch', readyAt: Infinity };
    this.#loads.set(key, load);
    if (this.#has(weights, nodes)) this.#copy(at, key, load);
    else this.#fetch(at, key, load);
    this.#transfers.share(at);
  }

  /** Gives a load up. Those that wait for what it fetched fetch it themselves, from the start. */
  cancel(at: Seconds, key: number): void {
    const load = this.#loads.get(key);
    if (load === undefined) return;
    this.#loads.delete(key);
    this.#transfers.cancel(at, key);
    if (load.stage === 'fetch' && load.source === 'store') {
      const next = this.#waitingFor(load.weights)[0];
      if (next !== undefined) this.#fetch(at, next[0], next[1]);
    }
    this.#transfers.share(at);
  }

  /** Does what is due at `at`. Returns the loads that have come to their end. */
  advance(at: Seconds): readonly Loaded[] {
    const count = this.#transfers.finish(at);
    for (let i = 0; i < count; i++) {
      const key = this.#transfers.ended[i];
      const load = this.#loads.get(key) as Load;
      if (load.stage === 'fetch') this.#fetched(at, key, load);
      else {
        load.stage = 'setup';
        load.readyAt = at + this.#weights.setup;
      }
    }
    this.#transfers.share(at);
    const done: Loaded[] = [];
    for (const [key, { stage, readyAt, source, begunAt }] of this.#loads) {
      if (stage !== 'setup' || readyAt > at) continue;
      this.#loads.delete(key);
      done.push({ key, source, begunAt });
    }
    return done;
  }

  #fetch(at: Seconds, key: number, load: Load): void {
    const pooled = this.#weights.place === 'pooled';
    const fetching = [...this.#loads.values()].some(
      (other) => other !== load && other.source === 'store' && other.stage === 'fetch' && other.weights.name === load.weights.name,
    );
    if (pooled && fetching) {
      load.source = 'waited';
      return;
    }
    load.source = 'store';
    this.#transfers.start(at, key, load.weights.stored, [0]);
  }

  #fetched(at: Seconds, key: number, load: Load): void {
    this.keep(load.weights, load.nodes);
    this.#copy(at, key, load);
    if (this.#weights.place === 'pooled') for (const [other, waiting] of this.#waitingFor(load.weights)) this.#copy(at, other, waiting);
  }

  #waitingFor({ name }: WeightsOf): readonly (readonly [number, Load])[] {
    return [...this.#loads].filter(([, { stage, source, weights }]) => stage === 'fetch' && source === 'waited' && weights.name === name);
  }

  #copy(at: Seconds, key: number, load: Load): void {
    load.stage = 'copy';
    const links = this.#weights.place === 'pooled' ? [1, 2 + key] : [2 + key];
    this.#transfers.start(at, key, load.weights.placed, links);
    this.keep(load.weights, load.nodes);
  }

  #has({ name }: WeightsOf, nodes: readonly number[]): boolean {
    const { place } = this.#weights;
    if (place === 'none') return false;
    return (place === 'pooled' ? [0] : nodes).every((at) => this.#kept.has(`${at} ${name}`));
  }

  #usedAt(place: number): Bytes {
    let used = 0;
    for (const kept of this.#kept.values()) if (kept.place === place) used += kept.bytes;
    return used;
  }
}
