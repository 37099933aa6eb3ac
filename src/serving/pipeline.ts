import type { Seconds } from '../base/units.ts';
import type { PipelineCost } from '../cost/batch.ts';
import { gridDuration } from './grid.ts';

/**
 * The stages of one instance and its host, which batches in flight pass one behind the other, and the batches that wait for the first stage
 * (PIP-2).
 */
export class Pipeline {
  /** Its batches, by number, in the order in which they came to wait. */
  readonly waiting: number[] = [];
  /** When those that wait were last told to look again. */
  toldFor: Seconds = -1;
  /** When each stage, and the host behind them, is through with what was sent into it so far. */
  readonly #free: Float64Array;

  constructor(stages: number) {
    this.#free = new Float64Array(stages + 1);
  }

  /** When the first stage can take a batch. */
  get freeAt(): Seconds {
    return this.#free[0];
  }

  /** Queues a batch, unless it waits already. */
  wait(batch: number): void {
    if (!this.waiting.includes(batch)) this.waiting.push(batch);
  }

  /** Nothing is in it any more. */
  clear(): void {
    this.waiting.length = 0;
    this.toldFor = -1;
    this.#free.fill(0);
  }

  /**
   * Sends a batch in at `at`, when the first stage is free. Returns when the host is through with it. All on the grid.
   * @param slowdown each stage takes so many times as long
   * @param least what all stages together take at least
   */
  pass(at: Seconds, { stages, send, host }: PipelineCost, slowdown: number, least: Seconds): Seconds {
    const free = this.#free;
    const sending = gridDuration(send);
    let now = at;
    for (let s = 0; s < stages.length; s++) {
      now = Math.max(s === 0 ? now : now + sending, free[s]) + gridDuration(Math.max(stages[s] * slowdown, least / stages.length));
      free[s] = now;
    }
    const last = stages.length;
    now = Math.max(now, free[last]) + gridDuration(host);
    free[last] = now;
    return now;
  }
}
