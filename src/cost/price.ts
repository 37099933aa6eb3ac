import type { Bound } from './roofline.ts';

/** What one launch of an operator takes. */
export interface Price {
  /** Launch included. [s] */
  readonly time: number;
  readonly floor: number;
  readonly bound: Bound;
  /** Busy time of the engines if each had the whole die. [s] */
  readonly matrix: number;
  readonly vector: number;
  readonly memory: number;
  readonly scaleUp: number;
  readonly scaleOut: number;
  /** What the dies wait for the host. */
  readonly host: number;
}

/** One place that makes prices: all have one form, so that what reads them is quick. */
export function priceOf(
  time: number,
  floor: number,
  bound: Bound,
  matrix: number = 0,
  vector: number = 0,
  memory: number = 0,
  scaleUp: number = 0,
  scaleOut: number = 0,
  host: number = 0,
): Price {
  return { time, floor, bound, matrix, vector, memory, scaleUp, scaleOut, host };
}

// The first of all has fractions everywhere: engines keep whole numbers in another way, and a field that is a fraction only later changes the form.
priceOf(0.5, 0.5, 'network', 0.5, 0.5, 0.5, 0.5, 0.5, 0.5);

/** Of what runs inside the kernel of an exchange, and of a wait for nobody. */
export const insideKernel: Price = priceOf(0, 0, 'network');
export const noWait: Price = priceOf(0, 0, 'ranks');

/** Of what travels over a plane: `start` passes before the first byte, `memory` is what it draws of the memory meanwhile. [s] */
export function networkPrice(time: number, start: number, scaleOut: boolean, memory: number = 0): Price {
  return priceOf(time, start, start > time / 2 ? 'launch' : 'network', 0, 0, Math.min(time, memory), scaleOut ? 0 : time, scaleOut ? time : 0);
}
