import { mostFollowed, turnsOf, type Interleaving } from './interleave.ts';
import type { LayerRuns } from './overlap.ts';

/** Entries of a step: its run, and two steps whose ends it needs. */
const width = 3;
/** Layers that are laid out one by one; all others repeat the last but one of them. */
export const laidOut = 3;
/** Lengths that are equal but for rounding. */
const equal = 1e-9;

/**
 * How long equal layers of two microbatches take by each lag, while nothing holds a run back but what it follows. No lag is shorter than the work
 * of the busiest stream: most are laid out no further than it takes to see that. Every end needs the one before it, for which a processor has to
 * wait: the lags take turns, slot by slot, so that it has others to add meanwhile.
 */
export class Lags {
  readonly #layers: number;
  readonly #lags: number;
  /** Time of each run, and of none; and of all runs on each stream. */
  readonly #times: Float64Array;
  readonly #loads: Float64Array;
  readonly #streamOf: Int32Array;
  readonly #streams: readonly Stream[];
  /** End of each step; the first one, at 0, is none. */
  readonly #end: Float64Array;
  /** Steps of no lag and, where others repeat it, those of the first layer of all lags, in turns; and what is left of each lag. */
  readonly #steps: Steps;
  readonly #rest: readonly Steps[];
  /** Of each lag and layer the steps with which a microbatch may leave it. */
  readonly #ends: readonly (readonly Int32Array[])[];

  /** `interleavings`: of each lag, of so many layers. */
  constructor(runs: LayerRuns, interleavings: readonly Interleaving[], layers: number) {
    const count = runs.streams.length;
    this.#layers = layers;
    this.#lags = interleavings.length;
    this.#times = new Float64Array(count + 1);
    const begun = interleavings.map(({ runOf, ends: [first = []] }, lag) => (lag === 0 ? runOf.length : layers < laidOut ? 0 : 1 + Math.max(...first)));
    const list = new StepList(interleavings, count);
    const turns = Array.from({ length: Math.max(...begun) }, (_, place) => interleavings.flatMap((_own, lag) => (place < (begun[lag] ?? 0) ? [lag] : [])));
    this.#steps = list.add(turns.flatMap((lags, place) => lags.map((lag) => [lag, place] as const)));
    this.#rest = interleavings.map(({ runOf }, lag) => list.add(Array.from(runOf.subarray(begun[lag]), (_, i) => [lag, (begun[lag] ?? 0) + i] as const)));
    this.#ends = interleavings.map(({ ends }, lag) => ends.map((places) => places.map((place) => list.stepOf(lag, place))));
    this.#end = new Float64Array(list.length);
    this.#streamOf = runs.streams;
    this.#streams = Array.from({ length: Math.max(...runs.streams) + 1 }, (_, stream) => streamOf(runs, stream, interleavings, list));
    this.#loads = new Float64Array(this.#streams.length);
  }

  /** The lag by which `count` layers of runs of these times take the least; of two that take the same, the shorter. */
  best(times: Float64Array, count: number): number {
    const own = this.#times;
    const loads = this.#loads;
    let busiest = 0;
    loads.fill(0);
    for (let run = 0; run < times.length; run++) {
      const stream = this.#streamOf[run] as number;
      own[run] = times[run] as number;
      loads[stream] = (loads[stream] as number) + (times[run] as number);
    }
    for (let stream = 1; stream < loads.length; stream++) if ((loads[stream] as number) > (loads[busiest] as number)) busiest = stream;
    this.#run(this.#steps);
    let best = 0;
    let least = this.#length(0, count);
    for (let lag = 1; lag < this.#lags; lag++) {
      if (this.#atLeast(lag, count, busiest) >= least * (1 - equal / 2)) continue;
      this.#run(this.#rest[lag] as Steps);
      const time = this.#length(lag, count);
      if (time >= least * (1 - equal)) continue;
      least = time;
      best = lag;
    }
    return best;
  }

  /** Time of `count` layers by a lag that is laid out, of which the last but one repeats. */
  #length(lag: number, count: number): number {
    const layers = this.#layers;
    const ends = this.#ends[lag] as readonly Int32Array[];
    const last = this.#lastOf(ends[layers - 1] as Int32Array);
    if (layers < laidOut) return last + (count - layers) * last;
    return last + (count - layers) * (this.#lastOf(ends[layers - 2] as Int32Array) - this.#lastOf(ends[layers - 3] as Int32Array));
  }

  /** What that is not less than, but for rounding: from the first layer on, which is laid out, a stream never rests. */
  #atLeast(lag: number, count: number, stream: number): number {
    const { head, tail, last, ahead } = this.#streams[stream] as Stream;
    const layers = this.#layers;
    const layer = 2 * (this.#loads[stream] as number);
    const behind = this.#sum(tail);
    if (layers < laidOut) return this.#sum(head) + layers * layer + behind;
    const end = this.#end[last[lag] as number] as number;
    const repeats = end + layer + behind - this.#lastOf((this.#ends[lag] as readonly Int32Array[])[0] as Int32Array);
    return end + (layers - 1) * layer - this.#sum(ahead[lag] as readonly number[]) + behind + (count - layers) * repeats;
  }

  #sum(runs: readonly number[]): number {
    let time = 0;
    for (let i = 0; i < runs.length; i++) time += this.#times[runs[i] as number] as number;
    return time;
  }

  #run({ from, entries }: Steps): void {
    const end = this.#end;
    const times = this.#times;
    for (let at = from, s = 0; s < entries.length; at++, s += width) {
      const first = end[entries[s + 1] as number] as number;
      const second = end[entries[s + 2] as number] as number;
      end[at] = (first > second ? first : second) + (times[entries[s] as number] as number);
    }
  }

  #lastOf(steps: Int32Array): number {
    let last = 0;
    for (let i = 0; i < steps.length; i++) {
      const ended = this.#end[steps[i] as number] as number;
      if (ended > last) last = ended;
    }
    return last;
  }
}

/** What is known of a stream by all lags. */
interface Stream {
  /** Runs that a microbatch has behind each other in front of its first one of a layer on the stream, and behind its last one. */
  readonly head: readonly number[];
  readonly tail: readonly number[];
  /** Of each lag the step of the second microbatch's last run on it in the first layer, and runs on it of the first one's second layer in front of that. */
  readonly last: readonly number[];
  readonly ahead: readonly (readonly number[])[];
}

function streamOf(runs: LayerRuns, stream: number, interleavings: readonly Interleaving[], list: StepList): Stream {
  const own = turnsOf(runs)
    .flat()
    .filter((run) => runs.streams[run] === stream);
  const [first = 0, final = 0] = [own[0], own.at(-1)];
  const head: number[] = [];
  for (let run = first; run > 0;) head.unshift((run = runs.after[run]?.[0] ?? 0));
  const tail: number[] = [];
  for (let run = final; run >= 0;) {
    run = runs.after.findIndex((before, other) => other > 0 && before.includes(run));
    if (run >= 0) tail.push(run);
  }
  const lastOf = ({ placeOf }: Interleaving): number => placeOf[placeOf.length / 2 + final] ?? 0;
  return {
    head,
    tail,
    last: interleavings.map((one, lag) => list.stepOf(lag, lastOf(one))),
    ahead: interleavings.map((one) => own.filter((run) => one.layerOf.includes(1) && (one.placeOf[runs.streams.length + run] ?? 0) < lastOf(one))),
  };
}

/** Steps one after another, from one on. */
interface Steps {
  readonly from: number;
  readonly entries: Int32Array;
}

/** Numbers the slots of several interleavings as they are laid out. */
class StepList {
  /** The first one is none. */
  length = 1;
  readonly #interleavings: readonly Interleaving[];
  readonly #runs: number;
  readonly #steps: readonly Int32Array[];

  constructor(interleavings: readonly Interleaving[], runs: number) {
    this.#interleavings = interleavings;
    this.#runs = runs;
    // One more place stands for none.
    this.#steps = interleavings.map(({ runOf }) => new Int32Array(runOf.length + 1));
  }

  stepOf(lag: number, place: number): number {
    return this.#steps[lag]?.[place] ?? 0;
  }

  /** Steps of places, none in front of one that it follows. One that follows three has one that takes no time in front of it, which follows two of them. */
  add(places: readonly (readonly [lag: number, place: number])[]): Steps {
    const from = this.length;
    const entries: number[] = [];
    const push = (run: number, first: number, second: number): number => {
      entries.push(run, first, second);
      return this.length++;
    };
    for (const [lag, place] of places) {
      const { runOf, needs } = this.#interleavings[lag] as Interleaving;
      const [first = 0, second = 0, third = 0] = Array.from(needs.subarray(mostFollowed * place, mostFollowed * (place + 1)), (other) =>
        this.stepOf(lag, other),
      );
      const both = third === 0 ? second : push(this.#runs, second, third);
      (this.#steps[lag] as Int32Array)[place] = push(runOf[place] as number, first, both);
    }
    return { from, entries: Int32Array.from(entries) };
  }
}
