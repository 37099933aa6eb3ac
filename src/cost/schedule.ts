import { Overlap, type LayerRuns } from './overlap.ts';
import type { Price } from './price.ts';

/** Runs of operators: the first operator of each run, and the number of operators behind the last. */
export interface OperatorRuns extends LayerRuns {
  readonly bounds: Int32Array;
}

/** One run of consecutive operators of one microbatch on one stream. */
export interface Slot {
  readonly layer: number;
  readonly microbatch: number;
  /** Operators `from` up to `to`, not included. */
  readonly from: number;
  readonly to: number;
  readonly stream: number;
  readonly start: number;
  readonly end: number;
}

/** Equal layers of two microbatches over streams. All times in seconds. */
export interface Schedule {
  /** Every slot of the layers that were laid out. */
  readonly slots: readonly Slot[];
  /** The layer that stands for all that were not laid out, and the ends of the layer before it and of itself. */
  readonly steadyLayer: number;
  readonly steadyStart: number;
  readonly steadyEnd: number;
  /** Part of the time of all layers that each operator is answerable for: on the critical path, both microbatches together. */
  readonly exposed: Float64Array;
}

/**
 * Both microbatches over streams, by `Overlap`. `times[i]` is the time of operator i while nothing else draws memory bandwidth, `memory[i]`
 * what it draws at the whole bandwidth; what a run is answerable for its operators share by their times.
 */
export function scheduleLayers(runs: OperatorRuns, times: Float64Array, memory: Float64Array, count: number, lag?: number): Schedule {
  return scheduleOf(runs, new Overlap(runs, count, lag), times, memory);
}

export function timesOf(prices: readonly Price[]): Float64Array {
  const times = new Float64Array(prices.length);
  for (let i = 0; i < times.length; i++) times[i] = (prices[i] as Price).time;
  return times;
}

export function memoryOf(prices: readonly Price[]): Float64Array {
  const memory = new Float64Array(prices.length);
  for (let i = 0; i < memory.length; i++) memory[i] = (prices[i] as Price).memory;
  return memory;
}

/** Lays out and returns what each operator is answerable for. [s] */
export function exposedOf({ bounds, streams }: OperatorRuns, overlap: Overlap, times: Float64Array, memory: Float64Array): Float64Array {
  const durations = sums(bounds, times);
  overlap.lay(durations, sums(bounds, memory));
  const exposed = new Float64Array(times.length);
  for (let run = 0; run < streams.length; run++) {
    const share = (durations[run] as number) > 0 ? (overlap.exposed[run] as number) / (durations[run] as number) : 0;
    for (let i = bounds[run] as number; i < (bounds[run + 1] as number); i++) exposed[i] = (times[i] as number) * share;
  }
  return exposed;
}

/** The same with every slot. */
export function scheduleOf(runs: OperatorRuns, overlap: Overlap, times: Float64Array, memory: Float64Array): Schedule {
  const { bounds, streams } = runs;
  const exposed = exposedOf(runs, overlap, times, memory);
  const { steadyLayer, steadyStart, steadyEnd, each, start, end } = overlap;
  const slots = Array.from(start, (begin, id): Slot => {
    const run = id % streams.length;
    return {
      layer: Math.floor((id % each) / streams.length),
      microbatch: Math.floor(id / each),
      from: bounds[run] as number,
      to: bounds[run + 1] as number,
      stream: streams[run] as number,
      start: begin,
      end: end[id] as number,
    };
  });
  return { slots, steadyLayer, steadyStart, steadyEnd, exposed };
}

/** Sums over the operators of each run. */
function sums(bounds: Int32Array, values: Float64Array): Float64Array {
  const totals = new Float64Array(bounds.length - 1);
  for (let run = 0; run < totals.length; run++)
    for (let i = bounds[run] as number; i < (bounds[run + 1] as number); i++) totals[run] = (totals[run] as number) + (values[i] as number);
  return totals;
}
