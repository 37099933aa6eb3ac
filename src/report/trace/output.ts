import type { Slice, TraceRecord } from './record.ts';

/** Lanes of one process. */
const mostLanes = 100_000;

/** Simulated time that a trace shows. [s] */
export interface TraceWindow {
  readonly from: number;
  readonly to: number;
}

/** Where records go: numbers processes, lanes and counters, leaves out what lies outside the window, and ends slices at a bound. */
export class TraceOutput {
  readonly window: TraceWindow;
  /** Slices so far, parts included. */
  slices = 0;
  /** When the first slice was left out because there were as many as there may be. [s] */
  cutAt: number | undefined;
  readonly #most: number;
  readonly #emit: (record: TraceRecord) => void;
  readonly #processes = new Map<string, number>();
  #counters = 0;

  /** @param most slices, parts included */
  constructor(window: TraceWindow, most: number, emit: (record: TraceRecord) => void) {
    this.window = window;
    this.#most = most;
    this.#emit = emit;
  }

  /** The process of this name; new where there was none. */
  process(name: string): number {
    const known = this.#processes.get(name);
    if (known !== undefined) return known;
    const process = this.#processes.size + 1;
    this.#processes.set(name, process);
    this.#emit({ kind: 'process', process, name });
    return process;
  }

  /** @param order of the lane among those of its process: less than 100,000 */
  lane(process: number, order: number, name: string): number {
    const lane = process * mostLanes + order;
    this.#emit({ kind: 'lane', process, lane, name });
    return lane;
  }

  counter(process: number, name: string, unit: string): number {
    const counter = ++this.#counters;
    this.#emit({ kind: 'counter', process, counter, name, unit });
    return counter;
  }

  /** Whether some of a time is in the window. */
  shows(from: number, to: number): boolean {
    return from < this.window.to && to >= this.window.from;
  }

  /** No more slices are written. */
  get full(): boolean {
    return this.cutAt !== undefined;
  }

  /** @param at of the slice, in seconds */
  slice(at: number, slice: Slice): void {
    const count = 1 + (slice.parts?.length ?? 0);
    if (this.cutAt !== undefined || this.slices + count > this.#most) {
      this.cutAt ??= at;
      return;
    }
    this.slices += count;
    this.#emit(slice);
  }

  record(record: Exclude<TraceRecord, { kind: 'slice' }>): void {
    this.#emit(record);
  }
}
