import type { LayerRuns } from './overlap.ts';

/** The runs of each turn of a microbatch. */
export function turnsOf({ streams, turns }: LayerRuns): readonly (readonly number[])[] {
  return turns ?? Array.from(streams, (_, run) => [run]);
}

/**
 * In which order each stream takes up the runs of both microbatches over the layers that are laid out. Slots have places in one order, in which
 * none stands before one that it follows; the place behind all stands for no slot.
 */
export interface Interleaving {
  /** The slot at each place and the place of each slot; the run and the layer at each place. */
  readonly slots: Int32Array;
  readonly placeOf: Int32Array;
  readonly runOf: Uint16Array;
  readonly layerOf: Int32Array;
  /** Of each place `mostFollowed` that it follows: of its own microbatch, then the one in front of it on its stream, each once; then the one behind all. */
  readonly follows: Uint16Array;
  /** Of each place `mostOwn` of its own microbatch that it follows; then the one behind all. */
  readonly own: Int32Array;
  /** Of each layer the places with which a microbatch may leave it: no other of theirs follows them there. */
  readonly ends: readonly Int32Array[];
  /** Places on each stream, one stream behind the other, and where each begins, and where the last one ends. */
  readonly queues: Int32Array;
  readonly bounds: Int32Array;
}

/** Places that one follows: two runs of its own microbatch, and the one in front of it on its stream. */
export const mostFollowed = 3;
export const mostOwn = 2;

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
  const slots: number[] = [];
  const placeOf = new Int32Array(2 * each);
  const follows: number[] = [];
  const own: number[] = [];
  for (let position = 0; position < turns.length * layers + lag; position++)
    for (let m = 0; m < 2; m++) {
      const turn = position - m * lag;
      if (turn < 0 || turn >= turns.length * layers) continue;
      const base = m * each + Math.floor(turn / turns.length) * size;
      for (const run of turns[turn % turns.length] as readonly number[]) {
        const id = base + run;
        const queue = queues[streams[run] as number] as number[];
        const before = (run === 0 ? (id === m * each ? [] : [id - 1]) : (after[run] as readonly number[]).map((other) => base + other)).map(
          (other) => placeOf[other] as number,
        );
        const all = [...new Set([...before, ...queue.slice(-1)])];
        if (before.length > mostOwn || all.length > mostFollowed)
          throw new RangeError(`run ${run} follows ${before.length} runs of its own microbatch, at most ${mostOwn} can be laid out`);
        const place = slots.length;
        placeOf[id] = place;
        slots.push(id);
        follows.push(...filled(all, mostFollowed, 2 * each));
        own.push(...filled(before, mostOwn, 2 * each));
        queue.push(place);
      }
    }
  const inside = new Set(after.slice(1).flat());
  const layerOf = Int32Array.from(slots, (id) => Math.floor((id % each) / size));
  return {
    slots: Int32Array.from(slots),
    placeOf,
    runOf: Uint16Array.from(slots, (id) => id % size),
    layerOf,
    follows: Uint16Array.from(follows),
    own: Int32Array.from(own),
    ends: Array.from({ length: layers }, (_, layer) =>
      Int32Array.from(slots.flatMap((id, place) => (layerOf[place] === layer && !inside.has(id % size) ? [place] : []))),
    ),
    queues: Int32Array.from(queues.flat()),
    bounds: Int32Array.from([0, ...queues.map((_, stream) => queues.slice(0, stream + 1).reduce((sum, queue) => sum + queue.length, 0))]),
  };
}

function filled(places: readonly number[], length: number, by: number): readonly number[] {
  return [...places, ...Array.from({ length: length - places.length }, () => by)];
}
