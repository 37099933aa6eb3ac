import type { Seconds } from '../base/units.ts';

/**
 * Iterations begin and end on a grid of 2^-30 s, about a nanosecond: sums of step times are then exact, so that many steps at
 * once equal one by one to the last bit.
 */
const perSecond = 2 ** 30;

/** The first instant of the grid that is not before `time`. */
export function ceilToGrid(time: Seconds): Seconds {
  return Math.ceil(time * perSecond) / perSecond;
}

/** A duration of at least one grid step. */
export function gridDuration(time: Seconds): Seconds {
  return Math.max(1, Math.ceil(time * perSecond)) / perSecond;
}
