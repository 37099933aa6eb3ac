import { unreachable } from '../../base/errors.ts';
import type { RandomStream } from '../../kernel/random.ts';
import { quickExponential, quickGamma } from '../../kernel/ziggurat.ts';
import type { Arrivals } from './workload.ts';

/** Draws the gap between one arrival and the next. [s] A closed loop has none: 0. */
export function gapSampler(arrivals: Arrivals, random: RandomStream): () => number {
  switch (arrivals.kind) {
    case 'poisson': {
      const mean = 1 / arrivals.rate;
      return () => quickExponential(random) * mean;
    }
    case 'gamma': {
      // Mean shape * scale = 1 / rate, coefficient of variation 1 / sqrt(shape); without variation to speak of the gaps are equal.
      const square = arrivals.cv * arrivals.cv;
      const scale = square / arrivals.rate;
      return square < 1e-12 ? () => 1 / arrivals.rate : () => quickGamma(random, 1 / square) * scale;
    }
    case 'closed':
      return () => 0;
    default:
      return unreachable(arrivals);
  }
}
