import { assert } from '../base/errors.ts';
import { bestLag, interleaved, mostFollowed, turnsOf, type Interleaving } from './interleave.ts';
import type { LaidOut } from './laid-out.ts';

/** One layer of one microbatch as runs of operators on streams: the same for both microbatches and for all layers. */
export interface LayerRuns {
  /** Stream of each run. */
  readonly streams: Int32Array;
  /** Runs of the layer that have to end before each run begins; the first run follows the last one of the layer before. */
  readonly after: readonly (readonly number[])[];
  /** Runs that one microbatch is given at once, in turns with the other; absent: one by one. */
  readonly turns?: readonly (readonly number[])[] | undefined;
}

/** Layers that are laid out one by one; all others repeat the middle one. */
const laidOut = 3;
const repeated = 1;
const none = -1;
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
  /** Layers laid out, and slots of one microbatch: slot `m x each + layer x runs + run`. */
  readonly layers: number;
  readonly each: number;
  /** Of each slot; `before` is the slot whose end let it start, or -1. Behind the last end stands that of no slot. */
  readonly end: Float64Array;
  readonly before: Int32Array;
  /** What `lay` is asked, of each run: its time while nothing else draws bandwidth, and what it draws, at the whole bandwidth. */
  readonly times: Float64Array;
  readonly memory: Float64Array;
  /** Part of the time of all layers that each run is answerable for: on the critical path, both microbatches together. */
  readonly exposed: Float64Array;
  /** Begin and end of the layer that stands for those that were not laid out. */
  steadyStart = 0;
  steadyEnd = 0;
  readonly #count: number;
  readonly #lag: number | undefined;
  readonly #interleavings: (Interleaving | undefined)[];
  readonly #most: Float64Array;
  readonly #runOf: Int32Array;
  readonly #heads: Int32Array;
  readonly #current: Int32Array;
  readonly #previous: Int32Array;
  readonly #left: Float64Array;
  readonly #demand: Float64Array;
  readonly #layerEnd: Float64Array;

  constructor(runs: LayerRuns, count: number, lag?: number) {
    const size = runs.streams.length;
    const streams = Math.max(...runs.streams) + 1;
    this.runs = { ...runs, turns: turnsOf(runs) };
    this.layers = Math.min(count, laidOut);
    this.each = size * this.layers;
    this.#count = count;
    this.#lag = lag === undefined ? undefined : Math.min(lag, turnsOf(this.runs).length - 1);
    this.#interleavings = runs.after.map(() => undefined);
    this.#most = new Float64Array(streams);
    this.#runOf = Int32Array.from({ length: 2 * this.each }, (_, id) => id % size);
    this.end = new Float64Array(2 * this.each + 1);
    this.before = new Int32Array(2 * this.each);
    this.times = new Float64Array(size);
    this.memory = new Float64Array(size);
    this.exposed = new Float64Array(size);
    this.#heads = new Int32Array(streams);
    this.#current = new Int32Array(streams);
    this.#previous = new Int32Array(streams);
    this.#left = new Float64Array(streams);
    this.#demand = new Float64Array(streams);
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
    const by = this.before[id] as number;
    return by === none ? 0 : (this.end[by] as number);
  }

  /** Lays the layers out by `times` and `memory`. */
  lay(): void {
    const { times, memory } = this;
    const lag = this.#lag ?? bestLag(this.runs, times, this.layers, this.#count);
    const interleaving = (this.#interleavings[lag] ??= interleaved(this.runs, this.layers, lag));
    clear(this.#layerEnd);
    this.#expose(this.#enough(times, memory) ? this.#unhindered(interleaving, times) : this.#hindered(interleaving.queues, times, memory));
  }

  /** Whether there is bandwidth for whatever may run at once. */
  #enough(times: Float64Array, memory: Float64Array): boolean {
    const most = this.#most;
    clear(most);
    const { streams } = this.runs;
    for (let run = 0; run < times.length; run++) {
      const stream = streams[run] as number;
      if ((memory[run] as number) > (most[stream] as number) * (times[run] as number)) most[stream] = (memory[run] as number) / (times[run] as number);
    }
    let total = 0;
    for (let s = 0; s < most.length; s++) total += most[s] as number;
    return total <= 1;
  }

  /** Each slot begins with the last end of those it follows. Returns the slot that ends last. */
  #unhindered({ order, runOf, follows, ends }: Interleaving, times: Float64Array): number {
    const { each, end, before, layers } = this;
    end[2 * each] = 0;
    for (let i = 0, f = 0; i < order.length; i++, f += mostFollowed) {
      const id = order[i] as number;
      let by = follows[f] as number;
      let begin = end[by] as number;
      for (let more = f + 1; more < f + mostFollowed; more++) {
        const other = follows[more] as number;
        if (other === 2 * each) break;
        if ((end[other] as number) <= begin) continue;
        begin = end[other] as number;
        by = other;
      }
      end[id] = begin + (times[runOf[i] as number] as number);
      before[id] = begin > 0 ? by : none;
    }
    for (let layer = 0; layer < layers; layer++) this.#layerEnd[layer] = end[this.#last(ends[layer] as Int32Array)] as number;
    return this.#last(ends[layers - 1] as Int32Array);
  }

  /** The slot that ends last; of two that end at once the first of them. */
  #last(slots: Int32Array): number {
    const { end } = this;
    let last = slots[0] as number;
    for (let i = 1; i < slots.length; i++) if ((end[slots[i] as number] as number) > (end[last] as number)) last = slots[i] as number;
    return last;
  }

  /** Runs the queues of all streams from one end of a run to the next. Returns the slot that ends last. */
  #hindered(queues: readonly Int32Array[], times: Float64Array, memory: Float64Array): number {
    const { each, end, before } = this;
    const streams = queues.length;
    const size = times.length;
    const [heads, current, previous, left, demand] = [this.#heads.fill(0), this.#current.fill(none), this.#previous.fill(none), this.#left, this.#demand];
    end.fill(none);
    let now = 0;
    let latest = none;
    for (let open = 2 * each; open > 0;) {
      let total = 0;
      for (let s = 0; s < streams; s++) {
        const queue = queues[s] as Int32Array;
        if (current[s] === none && (heads[s] as number) < queue.length) {
          const id = queue[heads[s] as number] as number;
          const by = this.#released(id, now, previous[s] as number);
          if (by !== undefined) {
            heads[s] = (heads[s] as number) + 1;
            const run = id % size;
            before[id] = by;
            current[s] = id;
            left[s] = times[run] as number;
            demand[s] = (times[run] as number) > 0 ? (memory[run] as number) / (times[run] as number) : 0;
          }
        }
        if (current[s] !== none) total += demand[s] as number;
      }
      const fair = total > 1 ? this.#fairShare(streams) : 1;
      let step = Infinity;
      for (let s = 0; s < streams; s++) if (current[s] !== none) step = Math.min(step, (left[s] as number) * Math.max(1, (demand[s] as number) / fair));
      assert(step < Infinity, 'streams that wait for each other');
      now += step;
      for (let s = 0; s < streams; s++) {
        const id = current[s] as number;
        if (id === none) continue;
        const slow = Math.max(1, (demand[s] as number) / fair);
        const more = (left[s] as number) * slow - step;
        left[s] = more / slow;
        if (more > rest * now) continue;
        end[id] = now;
        previous[s] = id;
        current[s] = none;
        latest = id;
        const layer = Math.floor((id % each) / size);
        this.#layerEnd[layer] = now;
        open--;
      }
    }
    return latest;
  }

  /** The slot whose end lets a slot start now (-1 at the begin); undefined while it has to wait for its own microbatch. */
  #released(id: number, now: number, previous: number): number | undefined {
    const { each, end } = this;
    const size = this.exposed.length;
    const run = id % size;
    let by = previous !== none && end[previous] === now ? previous : none;
    if (run === 0) {
      if (id % each === 0) return by;
      const ended = end[id - 1] as number;
      return ended < 0 ? undefined : ended === now ? id - 1 : by;
    }
    const base = id - run;
    for (const other of this.runs.after[run] as readonly number[]) {
      const ended = end[base + other] as number;
      if (ended < 0) return undefined;
      if (ended === now) by = base + other;
    }
    return by;
  }

  /** The part of the bandwidth that each run may draw at least: those that need less leave the rest to the others. */
  #fairShare(streams: number): number {
    let share = 1 / streams;
    for (let round = 0; round < streams; round++) {
      let free = 1;
      let above = 0;
      for (let s = 0; s < streams; s++) {
        if (this.#current[s] === none) continue;
        if ((this.#demand[s] as number) <= share) free -= this.#demand[s] as number;
        else above++;
      }
      const next = free / Math.max(1, above);
      if (next <= share) break;
      share = next;
    }
    return share;
  }

  /** The critical path: all of it once, and its part in the steady layer for every layer that was not laid out. */
  #expose(last: number): void {
    const { end, before, exposed, layers } = this;
    const runOf = this.#runOf;
    const { steadyLayer } = this;
    const until = this.#layerEnd[steadyLayer] as number;
    const since = steadyLayer > 0 ? (this.#layerEnd[steadyLayer - 1] as number) : 0;
    const repeats = this.#count - layers;
    this.steadyStart = since;
    this.steadyEnd = until;
    clear(exposed);
    for (let id = last; id !== none; id = before[id] as number) {
      const [from, to, run] = [this.startOf(id), end[id] as number, runOf[id] as number];
      const inside = Math.min(to, until) - Math.max(from, since);
      exposed[run] = (exposed[run] as number) + (to - from) + (inside > 0 ? repeats * inside : 0);
    }
  }
}

/** Fills short memory with zeros: quicker than by a call of the platform. */
function clear(memory: Float64Array): void {
  for (let i = 0; i < memory.length; i++) memory[i] = 0;
}
