import type { Seconds } from '../../base/units.ts';
import { stream } from '../../kernel/random.ts';
import { gapSampler } from './arrivals.ts';
import { lengthSampler } from './lengths.ts';
import type { GeneratorWorkload } from './workload.ts';

/** So many requests are drawn together: tables and code are in the caches for all of them. */
export const drawnTogether = 64;

/** Requests that were drawn one after the other, side by side. */
export class DrawnRequests {
  /** [s] */
  readonly arrivedAt: Float64Array = new Float64Array(drawnTogether);
  readonly inputTokens: Float64Array = new Float64Array(drawnTogether);
  readonly outputTokens: Float64Array = new Float64Array(drawnTogether);
  /** Index of the model that each asks for. */
  readonly model: Int32Array = new Int32Array(drawnTogether);
}

/** What a generator draws. */
export interface Draws {
  /** Draws the next `count` requests, at most `drawnTogether`. */
  draw(drawn: DrawnRequests, count: number): void;
}

/** Draws of traffic that stays as it is. */
export function steadyDraws({ arrivals, input, output, seed }: Omit<GeneratorWorkload, 'requests'>): Draws {
  const gaps = gapSampler(arrivals, stream(seed, 'arrivals'));
  const inputs = lengthSampler(input, stream(seed, 'input lengths'));
  const outputs = lengthSampler(output, stream(seed, 'output lengths'));
  let now: Seconds = 0;
  return {
    draw({ arrivedAt, inputTokens, outputTokens }, count) {
      gaps(arrivedAt, count);
      arrivedAt[0] += now;
      for (let i = 1; i < count; i++) arrivedAt[i] += arrivedAt[i - 1];
      now = arrivedAt[count - 1];
      inputs(inputTokens, 0, count);
      outputs(outputTokens, 0, count);
    },
  };
}
