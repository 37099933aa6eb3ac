import { mostFollowed, type Interleaving } from './interleave.ts';
import { difference, more, needed, plus, same, type Work } from './work-rows.ts';

/** What `criticalPath` looks at. */
interface LaidLayers {
  readonly interleaving: Interleaving;
  readonly times: Float64Array;
  /** The end of each place, and the place whose end let it start, or -1. */
  readonly end: Float64Array;
  readonly before: Int32Array;
  readonly steadyLayer: number;
  /** How often it comes besides. */
  readonly repeats: number;
  /** What no lag is better than none for, besides. */
  readonly also: readonly Work[];
}

/** Shares of runs that are the same as long as what each place waits for is the same. */
export interface CriticalPath {
  readonly shares: Float64Array;
  /** Runs that take no time. */
  readonly empty: readonly boolean[];
  /** Weights of the times of runs, row by row: all sums are above nothing on this path. */
  readonly weights: Float64Array;
}

/** What sums and times have to be above, as a part of all times: what rounding makes of ends, and of shares of a short run, is far less. */
const apart = 1e-4;

/**
 * What times of runs have to be like for the layers to come out as they were laid out, without contention: each end is a sum of times, by which it is a
 * comparison of two sums what a place waits for, what a layer ends with and which places lie in the steady layer. Undefined where what
 * a run has in the steady layer is no whole number of its times, and where ends are so near each other that rounding decides.
 */
export function criticalPath({ interleaving, times, end, before, steadyLayer, repeats, also }: LaidLayers): CriticalPath | undefined {
  const { runOf, follows, ends } = interleaving;
  const nothing: Work = Array.from(times, () => 0);
  const empty = Array.from(times, (time) => time === 0);
  const works: Work[] = [];
  const rows: Work[] = also.map((row) => row.map((weight, run) => (empty[run] === true ? 0 : weight)));
  const others = (place: number): number[] => [...follows.subarray(mostFollowed * place, mostFollowed * (place + 1))].filter((other) => other < place);
  const later = (one: Work, other: Work): void => void rows.push(difference(one, other));
  for (let place = 0; place < runOf.length; place++) {
    const by = before[place] as number;
    const begin = by < 0 ? nothing : (works[by] as Work);
    for (const other of others(place)) later(begin, works[other] as Work);
    const run = runOf[place] as number;
    works.push(empty[run] === true ? begin : more(begin, run));
  }
  const last = ends.map((places) => places.reduce((most, place) => ((end[place] as number) > (end[most] as number) ? place : most)));
  for (const [layer, places] of ends.entries()) for (const place of places) later(works[last[layer] as number] as Work, works[place] as Work);
  const [since, until] = [steadyLayer > 0 ? last[steadyLayer - 1] : undefined, last[steadyLayer] as number];
  const [sinceEnd, untilEnd] = [since === undefined ? 0 : (end[since] as number), end[until] as number];
  const [sinceWork, untilWork] = [since === undefined ? nothing : (works[since] as Work), works[until] as Work];
  const finish = last.at(-1) as number;
  if (ends.at(-1)?.some((place) => place !== finish && same(works[place] as Work, works[finish] as Work)) === true) return undefined;
  const once = Array.from(times, () => 0);
  const inside = Array.from(times, () => nothing);
  for (let place = finish; place >= 0; place = before[place] as number) {
    const run = runOf[place] as number;
    const by = before[place] as number;
    const [from, to] = [by < 0 ? nothing : (works[by] as Work), works[place] as Work];
    // Of two ways of the same sum rounding picks one.
    if (others(place).some((other) => other !== by && same(works[other] as Work, from))) return undefined;
    const [began, ended] = [by < 0 ? 0 : (end[by] as number), end[place] as number];
    const [begin, start] = began > sinceEnd ? [from, began] : [sinceWork, sinceEnd];
    const [done, stop] = ended < untilEnd ? [to, ended] : [untilWork, untilEnd];
    later(begin, from);
    later(begin, sinceWork);
    later(to, done);
    later(untilWork, done);
    once[run] = (once[run] as number) + 1;
    if (stop > start) {
      later(done, begin);
      inside[run] = plus(inside[run] as Work, difference(done, begin));
    } else later(begin, done);
  }
  if (inside.some((work, run) => work.some((count, other) => count !== 0 && other !== run))) return undefined;
  const shares = Float64Array.from(once, (count, run) => (empty[run] === true ? 0 : count + repeats * (inside[run]?.[run] as number)));
  const path = { shares, empty, weights: Float64Array.from(needed(rows).flat()) };
  return isOn(path, times) ? path : undefined;
}

/** Whether layers of such times come out as the path says. */
export function isOn({ empty, weights }: CriticalPath, times: Float64Array): boolean {
  let whole = 0;
  for (let run = 0; run < times.length; run++) whole += times[run] as number;
  const least = apart * whole;
  for (let run = 0; run < times.length; run++) if (empty[run] === true ? times[run] !== 0 : !((times[run] as number) > least)) return false;
  for (let at = 0; at < weights.length;) {
    let sum = 0;
    for (let run = 0; run < times.length; run++) sum += (weights[at++] as number) * (times[run] as number);
    if (!(sum > least)) return false;
  }
  return true;
}
