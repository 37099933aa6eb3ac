import { exp, ln } from '../../kernel/elementary.ts';
import type { FittedParameter } from './family.ts';

/** Two and three digits of 64. */
const COARSE = 4095;
const FINE = 262_143;

/** A parameter on the unit interval: logarithmic where its bounds are positive and far apart. */
export interface Axis {
  readonly at: (unit: number) => number;
  readonly unit: (value: number) => number;
  /** Steps of the interval in which the parameter is shipped: a four-thousandth of the way, finer where zero is possible. */
  readonly steps: number;
}

export function axisOf({ min, max }: FittedParameter): Axis {
  if (max <= min) return { at: () => min, unit: () => 0, steps: COARSE };
  if (min > 0 && max / min >= 3) {
    const low = ln(min);
    const width = ln(max) - low;
    return { at: (unit) => Math.min(max, Math.max(min, exp(low + unit * width))), unit: (value) => (ln(value) - low) / width, steps: COARSE };
  }
  return { at: (unit) => min + unit * (max - min), unit: (value) => (value - min) / (max - min), steps: min > 0 ? COARSE : FINE };
}

/** The step nearest to a value. */
export function stepOf(parameter: FittedParameter, value: number): number {
  const { unit, steps } = axisOf(parameter);
  return Math.round(Math.min(1, Math.max(0, unit(value))) * steps);
}

/** The value of a step: the same bits for the same step. */
export function valueAt(parameter: FittedParameter, step: number): number {
  const { at, steps } = axisOf(parameter);
  return at(step / steps);
}
