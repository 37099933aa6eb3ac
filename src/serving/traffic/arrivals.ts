import { unreachable } from '../../base/errors.ts';
import type { RandomStream } from '../../kernel/random.ts';
import { quickExponential, quickGammas } from '../../kernel/ziggurat.ts';
import type { Arrivals } from './workload.ts';

/** Draws the gaps before the next arrivals, into the places of `into` up to one. [s] */
export type GapSampler = (into: Float64Array, to: number) => void;

/** Draws the gap between one arrival and the next. A closed loop has none: 0. */
export function gapSampler(arrivals: Arrivals, random: RandomStream): GapSampler {
  switch (arrivals.kind) {
    case 'poisson': {
      const mean = 1 / arrivals.rate;
      return (into, to) => {
        for (let i = 0; i < to; i++) into[i] = quickExponential(random) * mean;
      };
    }
    case 'gamma': {
      // Mean shape * scale = 1 / rate, coefficient of variation 1 / sqrt(shape); without variation to speak of the gaps are equal.
      const square = arrivals.cv * arrivals.cv;
      const scale = square / arrivals.rate;
      if (square < 1e-12) return (into, to) => into.fill(1 / arrivals.rate, 0, to);
      return (into, to) => {
        quickGammas(random, 1 / square, into, to);
        for (let i = 0; i < to; i++) into[i] *= scale;
      };
    }
    case 'closed':
      return (into, to) => into.fill(0, 0, to);
    default:
      return unreachable(arrivals);
  }
}
