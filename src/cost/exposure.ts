import { laidOut, steady } from './schedule.ts';

/** Equal layers of two microbatches, in chunks: runs of operators on one stream that answer for one stage. */
export interface ChunkedLayers {
  readonly count: number;
  /** Stream and stage of each chunk. */
  readonly streamOf: Int32Array;
  readonly stageOf: Int32Array;
  /** First chunks of runs on one stream, and the end. */
  readonly bounds: Int32Array;
}

export function chunkedLayers(count: number, streamOf: Int32Array, stageOf: Int32Array): ChunkedLayers {
  const bounds = [0];
  for (let i = 1; i < streamOf.length; i++) if (streamOf[i] !== streamOf[i - 1]) bounds.push(i);
  return { count, streamOf, stageOf, bounds: Int32Array.from([...bounds, streamOf.length]) };
}

const none = -1;

/** Working memory for one `ChunkedLayers` after another. */
export class Exposure {
  #start = new Float64Array(64);
  #end = new Float64Array(64);
  #before = new Int32Array(64);
  #weight = new Float64Array(16);
  #duration = new Float64Array(16);
  readonly #streamLast = new Int32Array(16);
  readonly #layerEnd = new Float64Array(laidOut);

  /**
   * Adds to each stage the part of the time of all layers that it is answerable for: `scheduleLayers` by chunks, without its record of slots.
   * `times[from + i]` is the time of chunk i. [s]
   */
  add(layers: ChunkedLayers, times: Float64Array, from: number, stages: Float64Array): void {
    const { count, bounds, stageOf, streamOf } = layers;
    const segments = bounds.length - 1;
    const laid = Math.min(count, laidOut);
    const each = segments * laid;
    this.#room(segments, each);
    const duration = this.#duration;
    for (let s = 0; s < segments; s++) {
      let sum = 0;
      for (let i = bounds[s] as number; i < (bounds[s + 1] as number); i++) sum += times[from + i] as number;
      duration[s] = sum;
    }
    const latest = this.#layOut(bounds, streamOf, segments, each);
    const weight = this.#weight;
    weight.fill(0, 0, segments);
    const before = this.#before;
    for (let slot = latest; slot !== none; slot = before[slot] as number) {
      const s = (slot % each) % segments;
      weight[s] = (weight[s] as number) + 1;
    }
    if (count > laid) this.#steady(layers, times, from, stages, latest, each, laid);
    for (let s = 0; s < segments; s++) {
      const w = weight[s] as number;
      if (w === 0) continue;
      for (let i = bounds[s] as number; i < (bounds[s + 1] as number); i++) {
        const stage = stageOf[i] as number;
        stages[stage] = (stages[stage] as number) + w * (times[from + i] as number);
      }
    }
  }

  #room(segments: number, each: number): void {
    if (this.#start.length < 2 * each) {
      this.#start = new Float64Array(2 * each);
      this.#end = new Float64Array(2 * each);
      this.#before = new Int32Array(2 * each);
    }
    if (this.#weight.length < segments) {
      this.#weight = new Float64Array(segments);
      this.#duration = new Float64Array(segments);
    }
  }

  /** Starts every slot: number m * each + k for the k-th of microbatch m. Returns the one that ends last. */
  #layOut(bounds: Int32Array, streamOf: Int32Array, segments: number, each: number): number {
    const start = this.#start;
    const end = this.#end;
    const before = this.#before;
    const streamLast = this.#streamLast.fill(none);
    const layerEnd = this.#layerEnd.fill(0);
    const duration = this.#duration;
    let done0 = 0;
    let done1 = 0;
    let segment0 = 0;
    let segment1 = 0;
    let latest = none;
    let latestEnd = 0;
    while (done0 < each || done1 < each) {
      let second = false;
      let begin = Infinity;
      if (done0 < each) {
        const ready = done0 > 0 ? (end[done0 - 1] as number) : 0;
        const on = streamLast[streamOf[bounds[segment0] as number] as number] as number;
        begin = Math.max(ready, on === none ? 0 : (end[on] as number));
        if (done1 < each) {
          const ready1 = done1 > 0 ? (end[each + done1 - 1] as number) : 0;
          const on1 = streamLast[streamOf[bounds[segment1] as number] as number] as number;
          const begin1 = Math.max(ready1, on1 === none ? 0 : (end[on1] as number));
          if (begin1 < begin || (begin1 === begin && (ready1 < ready || (ready1 === ready && done1 < done0)))) {
            second = true;
            begin = begin1;
          }
        }
      } else {
        second = true;
        const ready1 = done1 > 0 ? (end[each + done1 - 1] as number) : 0;
        const on1 = streamLast[streamOf[bounds[segment1] as number] as number] as number;
        begin = Math.max(ready1, on1 === none ? 0 : (end[on1] as number));
      }
      const k = second ? done1 : done0;
      const s = second ? segment1 : segment0;
      const slot = second ? each + k : k;
      const stream = streamOf[bounds[s] as number] as number;
      const mine = k > 0 ? slot - 1 : none;
      before[slot] = begin === 0 ? none : mine !== none && end[mine] === begin ? mine : (streamLast[stream] as number);
      const finish = begin + (duration[s] as number);
      start[slot] = begin;
      end[slot] = finish;
      streamLast[stream] = slot;
      const layer = (k - s) / segments;
      if (finish > (layerEnd[layer] as number)) layerEnd[layer] = finish;
      if (finish > latestEnd || latest === none) {
        latest = slot;
        latestEnd = finish;
      }
      const next = s + 1 === segments ? 0 : s + 1;
      if (second) {
        done1++;
        segment1 = next;
      } else {
        done0++;
        segment0 = next;
      }
    }
    return latest;
  }

  /** The part of the critical path between the ends of two layers stands for all layers that were not laid out. */
  #steady(
    { count, bounds, stageOf }: ChunkedLayers,
    times: Float64Array,
    from: number,
    stages: Float64Array,
    latest: number,
    each: number,
    laid: number,
  ): void {
    const start = this.#start;
    const end = this.#end;
    const before = this.#before;
    const segments = bounds.length - 1;
    const layer = Math.min(steady, laid - 1);
    const until = this.#layerEnd[layer] as number;
    const since = layer > 0 ? (this.#layerEnd[layer - 1] as number) : 0;
    const repeats = count - laid;
    for (let slot = latest; slot !== none && (end[slot] as number) > since; slot = before[slot] as number) {
      if ((start[slot] as number) >= until) continue;
      const s = (slot % each) % segments;
      if ((start[slot] as number) >= since && (end[slot] as number) <= until) {
        this.#weight[s] = (this.#weight[s] as number) + repeats;
        continue;
      }
      let at = end[slot] as number;
      for (let i = (bounds[s + 1] as number) - 1; i >= (bounds[s] as number) && at > since; i--) {
        const begin = at - (times[from + i] as number);
        const part = Math.min(at, until) - Math.max(begin, since);
        const stage = stageOf[i] as number;
        if (part > 0) stages[stage] = (stages[stage] as number) + repeats * part;
        at = begin;
      }
    }
  }
}
