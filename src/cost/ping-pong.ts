import type { LaidOut } from './laid-out.ts';
import type { LayerRuns } from './overlap.ts';

const none = -1;

/** Runs of a layer whose experts are apart, and which of them wait for the next layer's turn of their microbatch. */
export interface PingPongRuns extends LayerRuns {
  /** First run behind what comes back from the experts: the stream of the attention takes it up in front of the layer behind. */
  readonly back: number;
}

/**
 * Equal layers of one to four microbatches that go back and forth between attention dies, the links to the experts, expert dies and the links
 * back: each of these does one thing at a time, in the order of the microbatches, and all of them work at once. Every layer is laid out: the
 * time of a layer settles at the busiest of the four, or at one round trip where there are too few microbatches to fill it.
 */
export class PingPong implements LaidOut {
  readonly runs: PingPongRuns;
  readonly microbatches: number;
  readonly layers: number;
  readonly each: number;
  readonly times: Float64Array;
  readonly memory: Float64Array;
  readonly shares: Float64Array;
  steadyStart = 0;
  steadyEnd = 0;
  readonly #start: Float64Array;
  readonly #end: Float64Array;
  readonly #before: Int32Array;
  readonly #layerEnd: Float64Array;
  /** The slot that a stream ran last. */
  readonly #last: Int32Array;

  constructor(runs: PingPongRuns, count: number, microbatches: number) {
    const size = runs.streams.length;
    this.runs = runs;
    this.layers = count;
    this.each = size * count;
    this.#start = new Float64Array(microbatches * this.each);
    this.#end = new Float64Array(microbatches * this.each);
    this.times = new Float64Array(size);
    this.memory = new Float64Array(size);
    this.shares = new Float64Array(size);
    this.microbatches = microbatches;
    this.#before = new Int32Array(microbatches * this.each);
    this.#layerEnd = new Float64Array(count);
    this.#last = new Int32Array(Math.max(...runs.streams) + 1);
  }

  get steadyLayer(): number {
    return Math.floor(this.layers / 2);
  }

  startOf(id: number): number {
    return this.#start[id] as number;
  }

  endOf(id: number): number {
    return this.#end[id] as number;
  }

  again(): PingPong {
    return new PingPong(this.runs, this.layers, this.microbatches);
  }

  lay(): void {
    const { layers, each, runs, times } = this;
    const end = this.#end;
    const size = times.length;
    this.#last.fill(none);
    this.#layerEnd.fill(0);
    for (let layer = 0; layer <= layers; layer++)
      for (let m = 0; m < this.microbatches; m++) {
        // What comes back from the layer before, then what goes out of this one.
        if (layer > 0) for (let run = runs.back; run < size; run++) this.#place(m * each + (layer - 1) * size, run, layer - 1);
        if (layer < layers) for (let run = 0; run < runs.back; run++) this.#place(m * each + layer * size, run, layer);
      }
    let latest = none;
    for (let m = 0; m < this.microbatches; m++) {
      const id = (m + 1) * each - 1;
      if (latest === none || (end[id] as number) > (end[latest] as number)) latest = id;
    }
    this.#expose(latest);
  }

  share(): void {
    this.lay();
  }

  #place(base: number, run: number, layer: number): void {
    const { runs } = this;
    const end = this.#end;
    const id = base + run;
    const stream = runs.streams[run] as number;
    let by = this.#last[stream] as number;
    let begin = by === none ? 0 : (end[by] as number);
    const follow = (other: number): void => {
      if ((end[other] as number) < begin || (by !== none && end[other] === begin)) return;
      begin = end[other] as number;
      by = other;
    };
    // A slot in front of the first one of a microbatch belongs to another.
    if (run === 0 && layer > 0) follow(id - 1);
    for (const other of runs.after[run] as readonly number[]) follow(base + other);
    const ended = begin + (this.times[run] as number);
    this.#start[id] = begin;
    end[id] = ended;
    this.#before[id] = by;
    this.#last[stream] = id;
    if (ended > (this.#layerEnd[layer] as number)) this.#layerEnd[layer] = ended;
  }

  #expose(last: number): void {
    const { shares, steadyLayer } = this;
    const size = shares.length;
    shares.fill(0);
    for (let id = last; id !== none; id = this.#before[id] as number) {
      const run = id % size;
      shares[run] = (shares[run] as number) + 1;
    }
    this.steadyEnd = this.#layerEnd[steadyLayer] as number;
    this.steadyStart = steadyLayer > 0 ? (this.#layerEnd[steadyLayer - 1] as number) : 0;
  }
}
