import type { LayerRuns } from './overlap.ts';

/** The runs of each turn of a microbatch. */
export function turnsOf({ streams, turns }: LayerRuns): readonly (readonly number[])[] {
  return turns ?? Array.from(streams, (_, run) => [run]);
}

/** The lag that takes the least time without contention; of two that take the same, the shorter. Ends within a rounding of each other are equal. */
export function bestLag(runs: LayerRuns, times: Float64Array, layers: number, count: number): number {
  let best = 0;
  let least = Infinity;
  const turns = turnsOf(runs);
  for (let lag = 0; lag < turns.length; lag++) {
    const time = lengthOf(runs, turns, times, layers, count, lag);
    if (time >= least * (1 - 1e-9)) continue;
    least = time;
    best = lag;
  }
  return best;
}

/** Time of `count` layers, of which `layers` are laid out and the last but one repeats. */
function lengthOf(
  { streams, after }: LayerRuns,
  turns: readonly (readonly number[])[],
  times: Float64Array,
  layers: number,
  count: number,
  lag: number,
): number {
  const size = streams.length;
  const each = size * layers;
  const ends = new Float64Array(2 * each);
  const free = new Float64Array(size + 1);
  const layerEnds = new Float64Array(layers);
  for (let position = 0; position < turns.length * layers + lag; position++)
    for (let m = 0; m < 2; m++) {
      const turn = position - m * lag;
      if (turn < 0 || turn >= turns.length * layers) continue;
      const layer = Math.floor(turn / turns.length);
      const base = m * each + layer * size;
      for (const run of turns[turn % turns.length] as readonly number[]) {
        let start = free[streams[run] as number] as number;
        if (run === 0) {
          if (layer > 0) start = Math.max(start, ends[base - 1] as number);
        } else for (const other of after[run] as readonly number[]) start = Math.max(start, ends[base + other] as number);
        const end = start + (times[run] as number);
        ends[base + run] = end;
        free[streams[run] as number] = end;
        layerEnds[layer] = Math.max(layerEnds[layer] as number, end);
      }
    }
  const last = layerEnds[layers - 1] as number;
  const each1 = layers > 2 ? (layerEnds[layers - 2] as number) - (layerEnds[layers - 3] as number) : last;
  return last + (count - layers) * each1;
}

/** In which order each stream takes up the runs of both microbatches over the layers that are laid out. */
export interface Interleaving {
  /** Slots of each stream. */
  readonly queues: readonly Int32Array[];
  /** All slots, none before one that it follows; the run of each, and three slots that it follows (the one behind all, where there are fewer). */
  readonly order: Int32Array;
  readonly runOf: Int32Array;
  readonly follows: Int32Array;
  /** Of each layer the slots with which a microbatch may leave it: no other slot of theirs follows them there. */
  readonly ends: readonly Int32Array[];
}

/** Slots that one slot follows: two runs of its own microbatch, and the one in front of it on its stream. */
export const mostFollowed = 3;

/**
 * Both microbatches take turns: of the runs on a stream those of the earlier turn come first, of two of one turn those of the first microbatch;
 * the second microbatch is `lag` turns late. The order is fixed, so that a longer run makes nothing earlier.
 * @throws RangeError where a run follows more than two others of its microbatch: no schedule has that
 */
export function interleaved(runs: LayerRuns, layers: number, lag: number): Interleaving {
  const { streams, after } = runs;
  const turns = turnsOf(runs);
  const size = streams.length;
  const each = size * layers;
  const queues: number[][] = Array.from({ length: Math.max(...streams) + 1 }, () => []);
  const order: number[] = [];
  const follows: number[] = [];
  for (let position = 0; position < turns.length * layers + lag; position++)
    for (let m = 0; m < 2; m++) {
      const turn = position - m * lag;
      if (turn < 0 || turn >= turns.length * layers) continue;
      const base = m * each + Math.floor(turn / turns.length) * size;
      for (const run of turns[turn % turns.length] as readonly number[]) {
        const id = base + run;
        const queue = queues[streams[run] as number] as number[];
        const own = run === 0 ? (id === m * each ? [] : [id - 1]) : (after[run] as readonly number[]).map((other) => base + other);
        const all = [...new Set([...own, ...queue.slice(-1)])];
        if (all.length > mostFollowed)
          throw new RangeError(`run ${run} follows ${own.length} runs of its own microbatch, at most ${mostFollowed - 1} can be laid out`);
        order.push(id);
        follows.push(...all, ...Array.from({ length: mostFollowed - all.length }, () => 2 * each));
        queue.push(id);
      }
    }
  const inside = new Set(after.slice(1).flat());
  return {
    queues: queues.map((queue) => Int32Array.from(queue)),
    order: Int32Array.from(order),
    runOf: Int32Array.from(order, (id) => id % size),
    follows: Int32Array.from(follows),
    ends: Array.from({ length: layers }, (_, layer) =>
      Int32Array.from(order.filter((id) => Math.floor((id % each) / size) === layer && !inside.has(id % size))),
    ),
  };
}
