import { clear } from '../kernel/clear.ts';
import { ManyStreams, none, type Contention, type Laid } from './contention.ts';
import { criticalPath, isOn, type CriticalPath } from './critical-path.ts';
import { interleaved, mostFollowed, turnsOf, type Interleaving } from './interleave.ts';
import type { LaidOut } from './laid-out.ts';
import { TwoStreams } from './two-streams.ts';
import { withoutLag } from './without-lag.ts';
import type { Work } from './work-rows.ts';

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
/** How many critical paths are looked for: more are laid out each time. */
const mostSought = 32;
/** A share so near a whole number is that number: ends are rounded. */
const rounded = 1e-8;
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
  /** How often its time each run is answerable for in that of all layers: on the critical path, both microbatches together. */
  readonly shares: Float64Array;
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
  #none: { readonly rows: readonly Work[]; readonly weights: Float64Array } | undefined;
  /** Critical paths that came up, and how many were looked for. */
  readonly #paths: CriticalPath[] = [];
  #sought = 0;
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
    this.shares = new Float64Array(size);
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
    const { end, before } = this.#laid;
    const by = before[this.#interleaving.placeOf[id] as number] as number;
    return by === none ? 0 : (end[by] as number);
  }

  endOf(id: number): number {
    return this.#laid.end[this.#interleaving.placeOf[id] as number] as number;
  }

  /** Lays the layers out by `times` and `memory`. */
  lay(): void {
    this.#lay(this.#enough());
  }

  /** Without contention few critical paths come up, and each says of which times it is. */
  share(): void {
    const enough = this.#enough();
    const paths = this.#paths;
    if (enough)
      for (let i = 0; i < paths.length; i++) {
        const path = paths[i] as CriticalPath;
        if (!isOn(path, this.times)) continue;
        for (let run = 0; run < path.shares.length; run++) this.shares[run] = path.shares[run] as number;
        return;
      }
    this.#lay(enough);
    if (!enough || this.#sought >= mostSought) return;
    this.#sought++;
    const path = this.#path();
    if (path !== undefined) paths.push(path);
  }

  #lay(enough: boolean): void {
    const interleaving = this.#interleaved(this.#lag ?? this.#bestLag());
    this.#interleaving = interleaving;
    this.#expose(interleaving, enough ? this.#unhindered(interleaving) : this.#contention.lay(interleaving, this.times, this.memory));
  }

  /** The path of what was laid out last, where it is told by times. */
  #path(): CriticalPath | undefined {
    const { times, steadyLayer } = this;
    const free = this.#lag === undefined && this.#most.length > 1;
    if (free && !this.#noneBetter()) return undefined;
    const { end, before } = this.#laid;
    const also = free ? this.#noLag().rows : [];
    return criticalPath({ interleaving: this.#interleaving, times, end, before, steadyLayer, repeats: this.#count - this.layers, also });
  }

  #interleaved(lag: number): Interleaving {
    return (this.#interleavings[lag] ??= interleaved(this.runs, this.layers, lag));
  }

  /** The lag that takes the least time without contention; of two that take the same, the shorter. */
  #bestLag(): number {
    // On one stream nothing can be gained.
    if (this.#most.length === 1) return 0;
    if (this.#noneBetter()) return 0;
    let best = 0;
    let least = Infinity;
    const { layers } = this;
    const { layerEnd } = this.#laid;
    for (let lag = 0; lag < this.#interleavings.length; lag++) {
      this.#unhindered(this.#interleaved(lag));
      const last = layerEnd[layers - 1] as number;
      const more = this.#count - layers;
      const time = more === 0 ? last : last + more * ((layerEnd[1] as number) - (layerEnd[0] as number));
      if (time >= least * (1 - equal)) continue;
      least = time;
      best = lag;
    }
    return best;
  }

  #noneBetter(): boolean {
    const { times } = this;
    const { weights } = this.#noLag();
    for (let at = 0; at < weights.length;) {
      let sum = 0;
      for (let run = 0; run < times.length; run++) sum += (weights[at++] as number) * (times[run] as number);
      if (sum < 0) return false;
    }
    return true;
  }

  #noLag(): { readonly rows: readonly Work[]; readonly weights: Float64Array } {
    if (this.#none !== undefined) return this.#none;
    const rows = withoutLag(
      this.runs,
      this.#interleavings.map((_, lag) => this.#interleaved(lag)),
    );
    return (this.#none = { rows, weights: Float64Array.from(rows.flat()) });
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
    const { shares, times, layers, steadyLayer } = this;
    const { end, before, layerEnd } = this.#laid;
    const until = layerEnd[steadyLayer] as number;
    const since = steadyLayer > 0 ? (layerEnd[steadyLayer - 1] as number) : 0;
    const repeats = this.#count - layers;
    this.steadyStart = since;
    this.steadyEnd = until;
    clear(shares);
    for (let place = last; place !== none;) {
      const by = before[place] as number;
      const from = by === none ? 0 : (end[by] as number);
      const to = end[place] as number;
      const run = runOf[place] as number;
      const inside = (to < until ? to : until) - (from > since ? from : since);
      shares[run] = (shares[run] as number) + (to - from) + (inside > 0 ? repeats * inside : 0);
      place = by;
    }
    for (let run = 0; run < times.length; run++) {
      const time = times[run] as number;
      const share = time > 0 ? (shares[run] as number) / time : 0;
      const whole = Math.round(share);
      shares[run] = Math.abs(share - whole) < rounded ? whole : share;
    }
  }
}
