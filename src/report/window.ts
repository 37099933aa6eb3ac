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

/** Residences that a steady window should last, and those behind which requests in flight are as many as there will be, where they do not pile up. */
const enough = 5;
const filled = 2;

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
  const arriving = intervals.slice(first, last);
  if (sum(arriving, pools).finished === 0) {
    first = 0;
    last = intervals.length;
    note = 'no request finished while others arrived: figures are from the whole run; ask for more requests';
  }
  const from = first * width;
  const to = Math.min(last * width, Math.max(endedAt, width));
  const total = sum(intervals.slice(first, last), pools);
  const residences = residence === 0 ? 0 : (to - from) / residence;
  const { saturated, words } = saturation(arriving, width, residences);
  if (!short && residences < enough) note += `; it lasts ${significant(residences, 2)} residences, ${enough} would be steady`;
  return { from, to, total, residences, steady: !short && residences >= enough && !saturated, note, saturated, saturation: words };
}

/** All of the intervals in one. */
function sum(intervals: readonly Interval[], pools: number): Interval {
  const total = new Interval(pools);
  for (const interval of intervals) total.merge(interval);
  return total;
}

/**
 * A run is saturated when requests pile up while others arrive: fewer finish than arrive, and those in flight grow from one quarter of that time to the next, or more
 * of them wait than run. Those in flight grow at first in any case: where that time is too short, only what waits tells.
 */
function saturation(intervals: readonly Interval[], width: number, residences: number): { readonly saturated: boolean; readonly words: string } {
  const quarter = Math.max(1, Math.floor(intervals.length / 4));
  const mean = (part: readonly Interval[], of: (interval: Interval) => number): number =>
    part.reduce((total, interval) => total + of(interval), 0) / (part.length * width || 1);
  const waiting = (part: readonly Interval[]): number => mean(part, (interval) => interval.waiting);
  const running = (part: readonly Interval[]): number => mean(part, (interval) => interval.running);
  const [begin, end] = [intervals.slice(0, quarter), intervals.slice(-quarter)];
  const [before, after] = [waiting(begin) + running(begin), waiting(end) + running(end)];
  const arrived = intervals.reduce((total, interval) => total + interval.arrived, 0);
  const ended = intervals.reduce((total, interval) => total + interval.finished + interval.rejected + interval.failed, 0);
  const grows = after > before * 1.25 + 4;
  const pilesUp = ended < 0.9 * arrived && waiting(end) > running(end);
  // In a window that is not long, more than chance leaves behind.
  const fallsBehind = ended < 0.97 * arrived && (residences >= enough || arrived - ended > 4 * Math.sqrt(arrived));
  const saturated = pilesUp || (residences >= filled && grows && fallsBehind);
  const change = `in flight ${significant(before)} requests at the window's start, ${significant(after)} at its end`;
  if (saturated) return { saturated, words: `saturated: ${significant((100 * ended) / arrived)} % of the arrivals end in time; ${change}` };
  if (residences < filled) return { saturated, words: `too short to tell whether it keeps up: ${change}` };
  return { saturated, words: `${grows ? 'keeps up, with a growing load' : 'keeps up'}: ${change}` };
}
