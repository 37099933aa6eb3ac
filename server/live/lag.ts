import type { Seconds } from '../../src/base/units.ts';
import { Sketch } from '../../src/kernel/sketch.ts';

/** How late the emulator is. Times of the wall clock. */
export interface LagReport {
  readonly bursts: number;
  /** Of the first write of a burst. [s] */
  readonly p50: Seconds;
  readonly p99: Seconds;
  readonly worst: Seconds;
  /** From the first write of a burst to its last. [s] */
  readonly drainP99: Seconds;
  /** Of each reader's chunk. [s] */
  readonly chunkP50: Seconds;
  readonly chunkP99: Seconds;
}

/** Measures how long after its instant each burst of tokens leaves: what a client sees beside the engine's own time. */
export class LagMeter {
  #worst: Seconds = 0;
  #late = new Sketch();
  #drain = new Sketch();
  #chunks = new Sketch();

  /** @param late of the first write behind the instant of its step, by the wall clock [s] */
  burst(late: Seconds, drain: Seconds): void {
    this.#late.add(Math.max(0, late));
    this.#drain.add(Math.max(0, drain));
    this.#worst = Math.max(this.#worst, late);
  }

  /** So many chunks left together, between the first of these latenesses and the second. */
  chunks(count: number, first: Seconds, last: Seconds): void {
    this.#chunks.add(Math.max(0, (first + last) / 2), count);
  }

  report(): LagReport {
    const at = (sketch: Sketch, share: number): Seconds => (sketch.count === 0 ? 0 : sketch.quantile(share));
    return {
      bursts: this.#late.count,
      p50: at(this.#late, 0.5),
      p99: at(this.#late, 0.99),
      worst: this.#worst,
      drainP99: at(this.#drain, 0.99),
      chunkP50: at(this.#chunks, 0.5),
      chunkP99: at(this.#chunks, 0.99),
    };
  }

  /** Begins anew. */
  clear(): void {
    this.#worst = 0;
    this.#late = new Sketch();
    this.#drain = new Sketch();
    this.#chunks = new Sketch();
  }
}
