import { assert } from '../base/errors.ts';
import { clear } from '../kernel/clear.ts';
import { interleaved, mostFollowed, mostOwn, turnsOf, type Interleaving } from './interleave.ts';
import type { LaidOut } from './laid-out.ts';
import { laidOut, Lags } from './lags.ts';

/** One layer of one microbatch as runs of operators on streams: the same for both microbatches and for all layers. */
export interface LayerRuns {
  /** Stream of each run. */
  readonly streams: Int32Array;
  /** Runs of the layer that have to end before each run begins; the first run follows the last one of the layer before. */
  readonly after: readonly (readonly number[])[];
  /** Runs that one microbatch is given at once, in turns with the other; absent: one by one. */
  readonly turns?: readonly (readonly number[])[] | undefined;
}

const repeated = 1;
const none = -1;
const waiting = -2;
/** What rounding may leave of a run. */
const rest = 1e-12;

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
  #tried: Lags | undefined;
  /** Of each place of it: its end, and the place whose end let it start, or -1. Behind the last end stands that of no place. */
  readonly #end: Float64Array;
  readonly #before: Int32Array;
  /** The part of the bandwidth that each run draws, and most that one of each stream does. */
  readonly #rates: Float64Array;
  readonly #most: Float64Array;
  readonly #heads: Int32Array;
  /** What runs on each stream, and what ran before; what is left of it while it has all that it needs, Infinity for nothing; and what it draws. */
  readonly #current: Int32Array;
  readonly #previous: Int32Array;
  readonly #left: Float64Array;
  readonly #demand: Float64Array;
  readonly #slow: Float64Array;
  readonly #layerEnd: Float64Array;

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
    this.#end = new Float64Array(2 * this.each + 1);
    this.#before = new Int32Array(2 * this.each);
    this.#rates = new Float64Array(size);
    this.#most = new Float64Array(streams);
    this.#heads = new Int32Array(streams);
    this.#current = new Int32Array(streams);
    this.#previous = new Int32Array(streams);
    this.#left = new Float64Array(streams);
    this.#demand = new Float64Array(streams);
    this.#slow = new Float64Array(streams);
    this.#layerEnd = new Float64Array(this.layers);
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
    return this.#end[this.#interleaving.placeOf[id] as number] as number;
  }

  /** Lays the layers out by `times` and `memory`. */
  lay(): void {
    const interleaving = this.#interleaved(this.#lag ?? this.#bestLag());
    this.#interleaving = interleaving;
    this.#expose(interleaving, this.#enough() ? this.#unhindered(interleaving) : this.#hindered(interleaving));
  }

  #interleaved(lag: number): Interleaving {
    return (this.#interleavings[lag] ??= interleaved(this.runs, this.layers, lag));
  }

  #startAt(place: number): number {
    const by = this.#before[place] as number;
    return by === none ? 0 : (this.#end[by] as number);
  }

  /** The lag that takes the least time without contention; of two that take the same, the shorter. */
  #bestLag(): number {
    // On one stream nothing can be gained.
    if (this.#heads.length === 1) return 0;
    const tried = (this.#tried ??= new Lags(
      this.runs,
      this.#interleavings.map((_, lag) => this.#interleaved(lag)),
      this.layers,
    ));
    return tried.best(this.times, this.#count);
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
    const times = this.times;
    const end = this.#end;
    const before = this.#before;
    const { layers } = this;
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
      this.#layerEnd[layer] = end[last] as number;
    }
    return last;
  }

  /** Runs the queues of all streams from one end of a run to the next. Returns the place that ends last. */
  #hindered({ runOf, layerOf, own, queues, bounds }: Interleaving): number {
    const { times, memory } = this;
    const rates = this.#rates;
    const slow = this.#slow;
    const end = this.#end;
    const before = this.#before;
    const heads = this.#heads;
    const current = this.#current;
    const previous = this.#previous;
    const left = this.#left;
    const demand = this.#demand;
    const streams = heads.length;
    const layerEnd = this.#layerEnd;
    clear(layerEnd);
    for (let run = 0; run < times.length; run++) rates[run] = (times[run] as number) > 0 ? (memory[run] as number) / (times[run] as number) : 0;
    for (let s = 0; s < streams; s++) {
      heads[s] = bounds[s] as number;
      previous[s] = none;
      left[s] = Infinity;
      demand[s] = 0;
    }
    for (let place = 0; place < runOf.length; place++) end[place] = none;
    let now = 0;
    let latest = none;
    for (let open = runOf.length; open > 0;) {
      let total = 0;
      let step = Infinity;
      for (let s = 0; s < streams; s++) {
        let still = left[s] as number;
        if (still === Infinity) {
          const head = heads[s] as number;
          if (head === bounds[s + 1]) continue;
          const place = queues[head] as number;
          const by = this.#released(own, place, now, previous[s] as number);
          if (by === waiting) continue;
          const run = runOf[place] as number;
          still = times[run] as number;
          before[place] = by;
          current[s] = place;
          left[s] = still;
          demand[s] = rates[run] as number;
        }
        total += demand[s] as number;
        if (still < step) step = still;
      }
      const shared = total > 1;
      if (shared) {
        // How much longer what runs takes while it shares the bandwidth.
        const fair = this.#fairShare(streams);
        step = Infinity;
        for (let s = 0; s < streams; s++) {
          slow[s] = Math.max(1, (demand[s] as number) / fair);
          const needs = (left[s] as number) * (slow[s] as number);
          if (needs < step) step = needs;
        }
      }
      assert(step < Infinity, 'streams that wait for each other');
      now += step;
      const over = rest * now;
      for (let s = 0; s < streams; s++) {
        const more = (shared ? (left[s] as number) * (slow[s] as number) : (left[s] as number)) - step;
        if (more > over) {
          left[s] = shared ? more / (slow[s] as number) : more;
          continue;
        }
        const place = current[s] as number;
        end[place] = now;
        previous[s] = place;
        heads[s] = (heads[s] as number) + 1;
        left[s] = Infinity;
        demand[s] = 0;
        latest = place;
        layerEnd[layerOf[place] as number] = now;
        open--;
      }
    }
    return latest;
  }

  /** The place whose end lets a place start now (-1 at the begin); `waiting` while it has to wait for its own microbatch. */
  #released(own: Int32Array, place: number, now: number, previous: number): number {
    const end = this.#end;
    let by = previous !== none && end[previous] === now ? previous : none;
    for (let o = mostOwn * place; o < mostOwn * (place + 1); o++) {
      const other = own[o] as number;
      if (other === none) break;
      const ended = end[other] as number;
      if (ended < 0) return waiting;
      if (ended === now) by = other;
    }
    return by;
  }

  /** The part of the bandwidth that each run may draw at least: those that need less leave the rest to the others. */
  #fairShare(streams: number): number {
    const demand = this.#demand;
    let share = 1 / streams;
    for (let round = 0; round < streams; round++) {
      let free = 1;
      let above = 0;
      let least = Infinity;
      for (let s = 0; s < streams; s++) {
        const needs = demand[s] as number;
        if (needs <= share) {
          free -= needs;
          continue;
        }
        above++;
        if (needs < least) least = needs;
      }
      const next = free / Math.max(1, above);
      if (next <= share) break;
      share = next;
      // Nobody needs less than that who did not before.
      if (least > next) break;
    }
    return share;
  }

  /** The critical path: all of it once, and its part in the steady layer for every layer that was not laid out. */
  #expose({ runOf }: Interleaving, last: number): void {
    const { exposed, layers, steadyLayer } = this;
    const end = this.#end;
    const before = this.#before;
    const until = this.#layerEnd[steadyLayer] as number;
    const since = steadyLayer > 0 ? (this.#layerEnd[steadyLayer - 1] as number) : 0;
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
