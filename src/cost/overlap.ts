import { clear } from '../kernel/clear.ts';
import { ManyStreams, none, type Contention, type Laid } from './contention.ts';
import { interleaved, mostFollowed, turnsOf, type Interleaving } from './interleave.ts';
import type { LaidOut } from './laid-out.ts';
import { TwoStreams } from './two-streams.ts';
import { withoutLag } from './without-lag.ts';

/** One layer of one microbatch as runs of operators on streams: the same for both microbatches and for all layers. */
export interface LayerRuns {
  /** Stream of each run. */
  readonly streams: Int32Array;
  /** Runs of the layer that have to end before each run begins; the first run follows the last one of the layer before. */
  readonly after: readonly (readonly number[])[];
  /** Runs that one microbatch is given at once, in turns with the other; absent: one by one. */
  readonly turns?: readonly (readonly number[])[] | undefined;
}

/** Layers that are laid out one by one; all others repeat the last but one of them. */
const laidOut = 3;
const repeated = 1;
/** Lengths that are equal but for rounding. */
const equal = 1e-9;

/**
 * Equal layers of two microbatches over streams that run one thing at a time, the second microbatch `lag` turns behind the first (without a
 * lag: as far as takes the least time). What runs at once shares the memory bandwidth by max-min: a run that draws less than its part leaves
 * the rest to the others. Made once for layers of one form, then filled with times. All times in seconds.
 */
export class Overlap implements LaidOut {
  readonly runs: LayerRuns;
  readonly microbatches = 2;
  readonly layers: number;
  readonly each: number;
  /** What `lay` is asked, of each run: its time while nothing else draws bandwidth, and what it draws, at the whole bandwidth. */
  readonly times: Float64Array;
  readonly memory: Float64Array;
  /** Part of the time of all layers that each run is answerable for: on the critical path, both microbatches together. */
  readonly exposed: Float64Array;
  /** Begin and end of the layer that stands for those that were not laid out. */
  steadyStart = 0;
  steadyEnd = 0;
  readonly #count: number;
  /** That of the stack, or any that there may be. */
  readonly #lag: number | undefined;
  readonly #interleavings: (Interleaving | undefined)[];
  /** The one that was laid out last. */
  #interleaving: Interleaving;
  /** Weights of the times of runs: where no sum is below 0 no lag is better than none. */
  #weights: Float64Array | undefined;
  /** Behind the last end stands that of no place. */
  readonly #laid: Laid;
  readonly #contention: Contention;
  /** Most of the bandwidth that a run of each stream draws. */
  readonly #most: Float64Array;

  constructor(runs: LayerRuns, count: number, lag?: number) {
    const size = runs.streams.length;
    const streams = Math.max(...runs.streams) + 1;
    const turns = turnsOf(runs);
    this.runs = { ...runs, turns };
    this.layers = Math.min(count, laidOut);
    this.each = size * this.layers;
    this.#count = count;
    this.#lag = lag === undefined ? undefined : Math.min(lag, turns.length - 1);
    this.#interleavings = turns.map(() => undefined);
    this.#interleaving = this.#interleaved(this.#lag ?? 0);
    this.times = new Float64Array(size);
    this.memory = new Float64Array(size);
    this.exposed = new Float64Array(size);
    this.#laid = { end: new Float64Array(2 * this.each + 1), before: new Int32Array(2 * this.each), layerEnd: new Float64Array(this.layers) };
    this.#contention = streams === 2 ? new TwoStreams(this.#laid, size) : new ManyStreams(this.#laid, size, streams);
    this.#most = new Float64Array(streams);
  }

  /** The layer of the steady state. */
  get steadyLayer(): number {
    return Math.min(repeated, this.layers - 1);
  }

  again(): Overlap {
    return new Overlap(this.runs, this.#count, this.#lag);
  }

  /** When a slot begins: as the one ends that let it start. */
  startOf(id: number): number {
    return this.#startAt(this.#interleaving.placeOf[id] as number);
  }

  endOf(id: number): number {
    return this.#laid.end[this.#interleaving.placeOf[id] as number] as number;
  }

  /** Lays the layers out by `times` and `memory`. */
  lay(): void {
    const interleaving = this.#interleaved(this.#lag ?? this.#bestLag());
    this.#interleaving = interleaving;
    this.#expose(interleaving, this.#enough() ? this.#unhindered(interleaving) : this.#contention.lay(interleaving, this.times, this.memory));
  }

  #interleaved(lag: number): Interleaving {
    return (this.#interleavings[lag] ??= interleaved(this.runs, this.layers, lag));
  }

  #startAt(place: number): number {
    const { end, before } = this.#laid;
    const by = before[place] as number;
    return by === none ? 0 : (end[by] as number);
  }

  /** The lag that takes the least time without contention; of two that take the same, the shorter. */
  #bestLag(): number {
    // On one stream nothing can be gained.
    if (this.#most.length === 1) return 0;
    if (this.#noneBetter()) return 0;
    let best = 0;
    let least = Infinity;
    for (let lag = 0; lag < this.#interleavings.length; lag++) {
      this.#unhindered(this.#interleaved(lag));
      const { layers } = this;
      const { layerEnd } = this.#laid;
      const last = layerEnd[layers - 1] as number;
      const layer = layers < laidOut ? last : (layerEnd[layers - 2] as number) - (layerEnd[layers - 3] as number);
      const time = last + (this.#count - layers) * layer;
      if (time >= least * (1 - equal)) continue;
      least = time;
      best = lag;
    }
    return best;
  }

  #noneBetter(): boolean {
    const { times } = this;
    this.#weights ??= Float64Array.from(
      withoutLag(
        this.runs,
        this.#interleavings.map((_, lag) => this.#interleaved(lag)),
        this.layers === laidOut,
      ).flat(),
    );
    const weights = this.#weights;
    for (let at = 0; at < weights.length;) {
      let sum = 0;
      for (let run = 0; run < times.length; run++) sum += (weights[at++] as number) * (times[run] as number);
      if (sum < 0) return false;
    }
    return true;
  }

  /** Whether there is bandwidth for whatever may run at once. */
  #enough(): boolean {
    const { times, memory } = this;
    const most = this.#most;
    clear(most);
    const { streams } = this.runs;
    for (let run = 0; run < times.length; run++) {
      const stream = streams[run] as number;
      const time = times[run] as number;
      if ((memory[run] as number) > (most[stream] as number) * time) most[stream] = (memory[run] as number) / time;
    }
    let total = 0;
    for (let s = 0; s < most.length; s++) total += most[s] as number;
    return total <= 1;
  }

  /** Each slot begins with the last end of those it follows. Returns the place that ends last. */
  #unhindered({ runOf, follows, ends }: Interleaving): number {
    const { times, layers } = this;
    const { end, before, layerEnd } = this.#laid;
    const count = runOf.length;
    end[count] = 0;
    for (let place = 0, f = 0; place < count; place++, f += mostFollowed) {
      let by = follows[f] as number;
      let begin = end[by] as number;
      const second = follows[f + 1] as number;
      if ((end[second] as number) > begin) {
        begin = end[second] as number;
        by = second;
      }
      const third = follows[f + 2] as number;
      if ((end[third] as number) > begin) {
        begin = end[third] as number;
        by = third;
      }
      end[place] = begin + (times[runOf[place] as number] as number);
      before[place] = begin > 0 ? by : none;
    }
    let last = none;
    for (let layer = 0; layer < layers; layer++) {
      const places = ends[layer] as Int32Array;
      last = places[0] as number;
      for (let i = 1; i < places.length; i++) if ((end[places[i] as number] as number) > (end[last] as number)) last = places[i] as number;
      layerEnd[layer] = end[last] as number;
    }
    return last;
  }

  /** The critical path: all of it once, and its part in the steady layer for every layer that was not laid out. */
  #expose({ runOf }: Interleaving, last: number): void {
    const { exposed, layers, steadyLayer } = this;
    const { end, before, layerEnd } = this.#laid;
    const until = layerEnd[steadyLayer] as number;
    const since = steadyLayer > 0 ? (layerEnd[steadyLayer - 1] as number) : 0;
    const repeats = this.#count - layers;
    this.steadyStart = since;
    this.steadyEnd = until;
    clear(exposed);
    for (let place = last; place !== none;) {
      const by = before[place] as number;
      const from = by === none ? 0 : (end[by] as number);
      const to = end[place] as number;
      const run = runOf[place] as number;
      const inside = (to < until ? to : until) - (from > since ? from : since);
      exposed[run] = (exposed[run] as number) + (to - from) + (inside > 0 ? repeats * inside : 0);
      place = by;
    }
  }
}
