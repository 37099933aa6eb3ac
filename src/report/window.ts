import { significant } from '../base/quantity.ts';
import { Interval, type Metrics } from '../serving/metrics.ts';

/** The part of a run that its figures are taken from. */
export interface Window {
  readonly from: number;
  readonly to: number;
  /** Everything that happened in it. */
  readonly total: Interval;
  readonly residences: number;
  readonly steady: boolean;
  readonly note: string;
  readonly saturated: boolean;
  readonly saturation: string;
}

/** Residences that a steady window should last. */
const enough = 5;

/**
 * Leaves out the warm-up (two mean residences, or what nine in ten requests stay) and the drain (after the last arrival), in whole
 * intervals. Where the arrivals do not last long enough for that, the second half of them is taken and the window is not called steady.
 */
export function steadyWindow(metrics: Metrics, lastArrivalAt: number, endedAt: number, pools: number): Window {
  const { width, intervals } = metrics;
  const all = sum(intervals, pools);
  const residence = all.finished === 0 ? 0 : all.e2e.sum() / all.finished;
  const warmUp = all.finished === 0 ? 0 : Math.max(2 * residence, all.e2e.quantile(0.9));
  const arrivalEnd = Math.floor(lastArrivalAt / width);
  let first = Math.ceil(warmUp / width);
  let last = arrivalEnd;
  let note = `warm-up of ${significant(first * width)} s left out; arrivals end at ${significant(lastArrivalAt)} s`;
  const short = last - first < 4;
  if (short) {
    first = Math.floor(arrivalEnd / 2);
    last = Math.max(first + 1, arrivalEnd);
    note = 'the arrivals are too short for a steady window: figures are from their second half; ask for more requests';
  }
  if (sum(intervals.slice(first, last), pools).finished === 0) {
    first = 0;
    last = intervals.length;
    note = 'no request finished while others arrived: figures are from the whole run; ask for more requests';
  }
  const from = first * width;
  const to = Math.min(last * width, Math.max(endedAt, width));
  const total = sum(intervals.slice(first, last), pools);
  const residences = residence === 0 ? 0 : (to - from) / residence;
  const { saturated, words } = saturation(intervals.slice(first, last), width);
  if (!short && residences < enough) note += `; it lasts ${significant(residences, 2)} residences, ${enough} would be steady`;
  return { from, to, total, residences, steady: !short && residences >= enough && !saturated, note, saturated, saturation: words };
}

/** All of the intervals in one. */
function sum(intervals: readonly Interval[], pools: number): Interval {
  const total = new Interval(pools);
  for (const interval of intervals) total.merge(interval);
  return total;
}

/** A run is saturated when requests pile up: fewer finish than arrive, and those in flight grow from one quarter of the window to the next. */
function saturation(intervals: readonly Interval[], width: number): { readonly saturated: boolean; readonly words: string } {
  const quarter = Math.max(1, Math.floor(intervals.length / 4));
  const inFlight = (part: readonly Interval[]): number =>
    part.reduce((total, interval) => total + interval.waiting + interval.running, 0) / (part.length * width || 1);
  const before = inFlight(intervals.slice(0, quarter));
  const after = inFlight(intervals.slice(-quarter));
  const arrived = intervals.reduce((total, interval) => total + interval.arrived, 0);
  const ended = intervals.reduce((total, interval) => total + interval.finished + interval.rejected, 0);
  const grows = after > before * 1.25 + 4;
  const saturated = grows && ended < 0.97 * arrived;
  const change = `in flight ${significant(before)} requests at the window's start, ${significant(after)} at its end`;
  if (saturated) return { saturated, words: `saturated: ${significant((100 * ended) / arrived)} % of the arrivals end in time; ${change}` };
  return { saturated, words: `${grows ? 'keeps up, with a growing load' : 'keeps up'}: ${change}` };
}
