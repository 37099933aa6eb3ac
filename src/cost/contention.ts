import { assert } from '../base/errors.ts';
import { clear } from '../kernel/clear.ts';
import { mostOwn, type Interleaving } from './interleave.ts';

/** Where the places of an interleaving lie: the end of each, the place whose end let it start, or -1; and the last end of each layer. */
export interface Laid {
  readonly end: Float64Array;
  readonly before: Int32Array;
  readonly layerEnd: Float64Array;
}

/** Runs the queues of all streams from one end of a run to the next: what runs at once shares the memory bandwidth. */
export interface Contention {
  /** `times`, `memory`: of each run. Returns the place that ends last. */
  lay(interleaving: Interleaving, times: Float64Array, memory: Float64Array): number;
}

export const none: number = -1;
export const waiting: number = -2;
/** What rounding may leave of a run. */
export const rounding = 1e-12;

/** Nothing has ended yet; and what each run draws of the bandwidth. */
export function prepare({ end, layerEnd }: Laid, rates: Float64Array, times: Float64Array, memory: Float64Array): void {
  clear(layerEnd);
  for (let run = 0; run < times.length; run++) rates[run] = (times[run] as number) > 0 ? (memory[run] as number) / (times[run] as number) : 0;
  const places = end.length - 1;
  for (let place = 0; place < places; place++) end[place] = none;
  end[places] = Infinity;
}

/** Of any number of streams. */
export class ManyStreams implements Contention {
  readonly #laid: Laid;
  /** The part of the bandwidth that each run draws. */
  readonly #rates: Float64Array;
  readonly #heads: Int32Array;
  /** What runs on each stream, or ran before; what is left of it while it has all that it needs, Infinity where nothing runs; and what it draws. */
  readonly #current: Int32Array;
  readonly #left: Float64Array;
  readonly #demand: Float64Array;
  readonly #slow: Float64Array;

  /** `laid`: what is written to. */
  constructor(laid: Laid, runs: number, streams: number) {
    this.#laid = laid;
    this.#rates = new Float64Array(runs);
    this.#heads = new Int32Array(streams);
    this.#current = new Int32Array(streams);
    this.#left = new Float64Array(streams);
    this.#demand = new Float64Array(streams);
    this.#slow = new Float64Array(streams);
  }

  lay({ runOf, layerOf, own, queues, bounds }: Interleaving, times: Float64Array, memory: Float64Array): number {
    const { end, before, layerEnd } = this.#laid;
    const rates = this.#rates;
    const slow = this.#slow;
    const heads = this.#heads;
    const current = this.#current;
    const left = this.#left;
    const demand = this.#demand;
    const streams = heads.length;
    prepare(this.#laid, rates, times, memory);
    for (let s = 0; s < streams; s++) {
      heads[s] = bounds[s] as number;
      current[s] = none;
      left[s] = Infinity;
      demand[s] = 0;
    }
    let now = 0;
    let latest = none;
    for (let open = runOf.length; open > 0;) {
      let total = 0;
      for (let s = 0; s < streams; s++) {
        const head = heads[s] as number;
        if (left[s] === Infinity && head < (bounds[s + 1] as number)) {
          const place = queues[head] as number;
          const by = released(end, own, place, now, current[s] as number);
          if (by !== waiting) {
            const run = runOf[place] as number;
            before[place] = by;
            current[s] = place;
            left[s] = times[run] as number;
            demand[s] = rates[run] as number;
          }
        }
        total += demand[s] as number;
      }
      const fair = total > 1 ? this.#fairShare(streams) : 1;
      let step = Infinity;
      for (let s = 0; s < streams; s++) {
        // How much longer what runs takes while it shares the bandwidth.
        slow[s] = Math.max(1, (demand[s] as number) / fair);
        step = Math.min(step, (left[s] as number) * (slow[s] as number));
      }
      assert(step < Infinity, 'streams that wait for each other');
      now += step;
      const over = rounding * now;
      for (let s = 0; s < streams; s++) {
        const more = (left[s] as number) * (slow[s] as number) - step;
        if (more > over) {
          left[s] = more / (slow[s] as number);
          continue;
        }
        latest = current[s] as number;
        end[latest] = now;
        layerEnd[layerOf[latest] as number] = now;
        heads[s] = (heads[s] as number) + 1;
        left[s] = Infinity;
        demand[s] = 0;
        open--;
      }
    }
    return latest;
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
}

/**
 * The place whose end lets a place start now (-1 at the begin); `waiting` while it has to wait for its own microbatch. `previous`: the one in front of it
 * on its stream. No end is that of the place behind all.
 */
export function released(end: Float64Array, own: Int32Array, place: number, now: number, previous: number): number {
  const first = own[mostOwn * place] as number;
  const second = own[mostOwn * place + 1] as number;
  const ended = end[first] as number;
  const alsoEnded = end[second] as number;
  if (ended < 0 || alsoEnded < 0) return waiting;
  return alsoEnded === now ? second : ended === now ? first : previous !== none && end[previous] === now ? previous : none;
}
