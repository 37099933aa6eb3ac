import type { LaidOut } from './laid-out.ts';
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

/** Equal layers of several microbatches over streams. All times in seconds. */
export interface Schedule {
  /** Every slot of the layers that were laid out. */
  readonly slots: readonly Slot[];
  /** The layer that stands for all that were not laid out, and the ends of the layer before it and of itself. */
  readonly steadyLayer: number;
  readonly steadyStart: number;
  readonly steadyEnd: number;
  /** Part of the time of all layers that each operator is answerable for: on the critical path, all microbatches together. */
  readonly exposed: readonly number[];
}

/** One operator: its time while nothing else draws memory bandwidth, and what it draws at the whole bandwidth. [s] */
export type Launch = Pick<Price, 'time' | 'memory'>;

/** Both microbatches over streams, by `Overlap`; what a run is answerable for its operators share by their times. */
export function scheduleLayers(runs: OperatorRuns, launches: readonly Launch[], count: number, lag?: number): Schedule {
  return scheduleOf(runs, new Overlap(runs, count, lag), launches);
}

/** Lays out and returns what each operator is answerable for. [s] */
export function exposedOf({ bounds }: OperatorRuns, overlap: LaidOut, launches: readonly Launch[]): number[] {
  const { times, memory, shares } = overlap;
  for (let run = 0; run < times.length; run++) {
    let [time, drawn] = [0, 0];
    for (let i = bounds[run] as number; i < (bounds[run + 1] as number); i++) {
      const launch = launches[i] as Launch;
      time += launch.time;
      drawn += launch.memory;
    }
    times[run] = time;
    memory[run] = drawn;
  }
  overlap.lay();
  const parts: number[] = [];
  for (let run = 0; run < times.length; run++) {
    const share = shares[run] as number;
    for (let i = bounds[run] as number; i < (bounds[run + 1] as number); i++) parts.push((launches[i] as Launch).time * share);
  }
  return parts;
}

/** The same with every slot. */
export function scheduleOf(runs: OperatorRuns, overlap: LaidOut, launches: readonly Launch[]): Schedule {
  const { bounds, streams } = runs;
  const exposed = exposedOf(runs, overlap, launches);
  const { steadyLayer, steadyStart, steadyEnd, microbatches, each } = overlap;
  const slots = Array.from({ length: microbatches * each }, (_, id): Slot => {
    const run = id % streams.length;
    return {
      layer: Math.floor((id % each) / streams.length),
      microbatch: Math.floor(id / each),
      from: bounds[run] as number,
      to: bounds[run + 1] as number,
      stream: streams[run] as number,
      start: overlap.startOf(id),
      end: overlap.endOf(id),
    };
  });
  return { slots, steadyLayer, steadyStart, steadyEnd, exposed };
}
