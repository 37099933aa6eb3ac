import { mostFollowed, type Interleaving } from './interleave.ts';
import type { LayerRuns } from './overlap.ts';
import { withoutLag } from './without-lag.ts';

/** Entries of a step: its run, and two steps whose ends it needs. */
const width = 3;
/** Layers that are laid out one by one; all others repeat the last but one of them. */
export const laidOut = 3;
/** Lengths that are equal but for rounding. */
const equal = 1e-9;

/**
 * Which lag takes the least time over equal layers of two microbatches, while nothing holds a run back but what it follows. Mostly it is seen that none
 * does (`withoutLag`); else all are laid out. Every end needs the one before it, for which a processor has to wait: the lags take turns, slot by slot,
 * so that it has others to add meanwhile.
 */
export class Lags {
  /** Weights of the times of runs: where no sum is below 0 no lag is better than none. */
  readonly #weights: Float64Array;
  readonly #layers: number;
  /** Time of each run, and of none. */
  readonly #times: Float64Array;
  /** End of each step; the first one, at 0, is none. */
  readonly #end: Float64Array;
  /** Steps of all lags in turns, but for the last layer where others say how long it is without; and those behind them, of each lag. */
  readonly #steps: Steps;
  readonly #rest: readonly Steps[];
  /** Of each lag and layer the steps with which a microbatch may leave it. */
  readonly #ends: readonly (readonly Int32Array[])[];

  /** `interleavings`: of each lag, of so many layers. */
  constructor(layer: LayerRuns, interleavings: readonly Interleaving[], layers: number) {
    const runs = layer.streams.length;
    this.#weights = Float64Array.from(withoutLag(layer, interleavings, layers === laidOut).flat());
    this.#layers = layers;
    this.#times = new Float64Array(runs + 1);
    const settled = interleavings.map((one) => (layers < laidOut ? one.runOf.length : one.settled));
    const list = new StepList(interleavings, runs);
    const turns = Array.from({ length: Math.max(...settled) }, (_, place) => interleavings.flatMap((_own, lag) => (place < (settled[lag] ?? 0) ? [lag] : [])));
    this.#steps = list.add(turns.flatMap((lags, place) => lags.map((lag) => [lag, place] as const)));
    this.#rest = interleavings.map(({ runOf }, lag) => list.add(Array.from(runOf.subarray(settled[lag]), (_, i) => [lag, (settled[lag] ?? 0) + i] as const)));
    this.#ends = interleavings.map(({ ends }, lag) => ends.map((places) => places.map((place) => list.stepOf(lag, place))));
    this.#end = new Float64Array(list.length);
  }

  /** The lag by which `count` layers of runs of these times take the least; of two that take the same, the shorter. */
  best(times: Float64Array, count: number): number {
    if (this.#noneBetter(times)) return 0;
    const own = this.#times;
    for (let run = 0; run < times.length; run++) own[run] = times[run] as number;
    this.#run(this.#steps);
    let best = 0;
    let least = Infinity;
    for (let lag = 0; lag < this.#ends.length; lag++) {
      const enough = least * (1 - equal);
      const time = this.#length(lag, count, enough);
      if (time >= enough) continue;
      least = time;
      best = lag;
    }
    return best;
  }

  #noneBetter(times: Float64Array): boolean {
    const weights = this.#weights;
    for (let at = 0; at < weights.length;) {
      let sum = 0;
      for (let run = 0; run < times.length; run++) sum += (weights[at++] as number) * (times[run] as number);
      if (sum < 0) return false;
    }
    return true;
  }

  /**
   * Time of `count` layers by a lag that is laid out, of which the last but one repeats. A time that is known to be `enough` or more before the last
   * layer is laid out may be short of that layer.
   */
  #length(lag: number, count: number, enough: number): number {
    const layers = this.#layers;
    const ends = this.#ends[lag] as readonly Int32Array[];
    const more = count - layers;
    if (layers < laidOut) {
      const only = this.#lastOf(ends[layers - 1] as Int32Array);
      return only + more * only;
    }
    const before = this.#lastOf(ends[layers - 2] as Int32Array);
    const repeats = more * (before - this.#lastOf(ends[layers - 3] as Int32Array));
    if (before + repeats >= enough) return before + repeats;
    this.#run(this.#rest[lag] as Steps);
    return this.#lastOf(ends[layers - 1] as Int32Array) + repeats;
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
