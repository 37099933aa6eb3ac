import type { Seconds } from '../../src/base/units.ts';
import { Sketch } from '../../src/kernel/sketch.ts';

/** How late the emulator is. Times of the wall clock. */
export interface LagReport {
  readonly bursts: number;
  /** [s] */
  readonly p50: Seconds;
  readonly p99: Seconds;
  readonly worst: Seconds;
  /** From the first write of a burst to its last. [s] */
  readonly drainP99: Seconds;
}

/** Measures how long after its instant each burst of tokens leaves: what a client sees beside the engine's own time. */
export class LagMeter {
  worst: Seconds = 0;
  #late = new Sketch();
  #drain = new Sketch();
  #bursts = 0;

  /** @param late of the first write behind the instant of its step, by the wall clock [s] */
  add(late: Seconds, drain: Seconds): void {
    this.#bursts++;
    this.#late.add(Math.max(0, late));
    this.#drain.add(drain);
    this.worst = Math.max(this.worst, late);
  }

  report(): LagReport {
    const at = (sketch: Sketch, share: number): Seconds => (this.#bursts === 0 ? 0 : sketch.quantile(share));
    return { bursts: this.#bursts, p50: at(this.#late, 0.5), p99: at(this.#late, 0.99), worst: this.worst, drainP99: at(this.#drain, 0.99) };
  }

  /** Begins anew. */
  clear(): void {
    this.worst = 0;
    this.#bursts = 0;
    this.#late = new Sketch();
    this.#drain = new Sketch();
  }
}
