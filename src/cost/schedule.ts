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
  /** The slot whose end let this one start. */
  readonly before: Slot | undefined;
}

/** Equal layers of two microbatches over streams. All times in seconds. */
export interface Schedule {
  /** Every slot of the layers that were laid out, in the order in which they were started. */
  readonly slots: readonly Slot[];
  /** The layer that stands for all that were not laid out, and the ends of the layer before it and of itself. */
  readonly steadyLayer: number;
  readonly steadyStart: number;
  readonly steadyEnd: number;
  /** Part of the time of all `count` layers that each operator is answerable for: on the critical path, both microbatches together. */
  readonly exposed: Float64Array;
}

/** Layers that are laid out one by one; all others repeat the steady one, which has laid-out layers on both sides. */
export const laidOut = 5;
export const steady = 2;

/**
 * List scheduling: of the next slots of the two microbatches, the one that can start first is started; a tie goes to the one that has
 * waited longer. Streams run one slot at a time and own their shares of the engines, so that slots do not slow each other.
 * `times[i]` is the time of operator i, `streams[i]` the stream that runs it.
 */
export function scheduleLayers(times: Float64Array, streams: Int32Array, count: number): Schedule {
  const bounds = segmentBounds(streams);
  const segments = bounds.length - 1;
  const layers = Math.min(count, laidOut);
  const ends = new Float64Array(layers);
  const slots: Slot[] = [];
  const streamLast: (Slot | undefined)[] = [];
  const last: [Slot | undefined, Slot | undefined] = [undefined, undefined];
  const done = [0, 0];
  const each = segments * layers;
  while ((done[0] ?? 0) < each || (done[1] ?? 0) < each) {
    let chosen = -1;
    let chosenStart = Infinity;
    let chosenReady = Infinity;
    for (let m = 0; m < 2; m++) {
      const next = done[m] ?? 0;
      if (next >= each) continue;
      const ready = last[m]?.end ?? 0;
      const start = Math.max(ready, streamLast[streams[bounds[next % segments] ?? 0] ?? 0]?.end ?? 0);
      if (start < chosenStart || (start === chosenStart && (ready < chosenReady || (ready === chosenReady && next < (done[chosen] ?? 0))))) {
        chosen = m;
        chosenStart = start;
        chosenReady = ready;
      }
    }
    const next = done[chosen] ?? 0;
    const from = bounds[next % segments] ?? 0;
    const to = bounds[(next % segments) + 1] ?? 0;
    const stream = streams[from] ?? 0;
    let duration = 0;
    for (let i = from; i < to; i++) duration += times[i] ?? 0;
    const mine = last[chosen as 0 | 1];
    const before = mine !== undefined && mine.end === chosenStart ? mine : streamLast[stream];
    const layer = Math.floor(next / segments);
    const slot: Slot = {
      layer,
      microbatch: chosen,
      from,
      to,
      stream,
      start: chosenStart,
      end: chosenStart + duration,
      before: chosenStart === 0 ? undefined : before,
    };
    slots.push(slot);
    last[chosen as 0 | 1] = slot;
    streamLast[stream] = slot;
    done[chosen] = next + 1;
    ends[layer] = Math.max(ends[layer] ?? 0, slot.end);
  }
  const steadyLayer = Math.min(steady, layers - 1);
  const steadyEnd = ends[steadyLayer] ?? 0;
  const steadyStart = steadyLayer > 0 ? (ends[steadyLayer - 1] ?? 0) : 0;
  const exposed = new Float64Array(times.length);
  expose(exposed, times, lastOf(slots), 0, Infinity, 1);
  if (count > layers) expose(exposed, times, lastOf(slots), steadyStart, steadyEnd, count - layers);
  return { slots, steadyLayer, steadyStart, steadyEnd, exposed };
}

/** First operators of runs on one stream, and the end. */
function segmentBounds(streams: Int32Array): number[] {
  const bounds = [0];
  for (let i = 1; i < streams.length; i++) if (streams[i] !== streams[i - 1]) bounds.push(i);
  bounds.push(streams.length);
  return bounds;
}

function lastOf(slots: readonly Slot[]): Slot | undefined {
  let latest: Slot | undefined;
  for (const slot of slots) if (latest === undefined || slot.end > latest.end) latest = slot;
  return latest;
}

/** Adds `weight` times what each operator has of the critical path between `since` and `until`. */
function expose(exposed: Float64Array, times: Float64Array, end: Slot | undefined, since: number, until: number, weight: number): void {
  for (let slot = end; slot !== undefined && slot.end > since; slot = slot.before) {
    if (slot.start >= until) continue;
    let at = slot.end;
    for (let i = slot.to - 1; i >= slot.from && at > since; i--) {
      const start = at - (times[i] ?? 0);
      const part = Math.min(at, until) - Math.max(start, since);
      if (part > 0) exposed[i] = (exposed[i] ?? 0) + weight * part;
      at = start;
    }
  }
}
