import type { ServingPoint } from '../../schema/points/point.ts';
import { grouped, type LeftOutRule, leftOutBy, queuedTtft } from './rules.ts';

/** A point beside what was predicted for it. [s] */
export interface JudgedPoint {
  readonly point: ServingPoint;
  /** A point counts 1 / repeats of its key. */
  readonly weight: number;
  readonly ttft: number;
  readonly tpot: number;
  /** predicted / measured - 1; undefined where it is not measured, or queued. */
  readonly ttftError: number | undefined;
  readonly tpotError: number | undefined;
  readonly leftOut: LeftOutRule | undefined;
}

/** Of |predicted / measured - 1|, each key counted once. `bias` is the median with its sign. */
export interface Score {
  readonly rows: number;
  readonly keys: number;
  readonly median: number;
  readonly p90: number;
  readonly bias: number;
}

/** The least value with at least that share of the weight at or below it. */
function weightedQuantile(values: readonly { readonly value: number; readonly weight: number }[], share: number): number {
  const sorted = values.toSorted((a, b) => a.value - b.value);
  const total = sorted.reduce((sum, { weight }) => sum + weight, 0);
  let below = 0;
  for (const { value, weight } of sorted) {
    below += weight;
    if (below >= share * total * (1 - 1e-12)) return value;
  }
  return sorted.at(-1)?.value ?? NaN;
}

export type Metric = 'tpot' | 'ttft';

export function errorOf(judged: JudgedPoint, metric: Metric): number | undefined {
  return metric === 'tpot' ? judged.tpotError : judged.ttftError;
}

export function scoreOf(judged: readonly JudgedPoint[], metric: Metric): Score {
  const errors = judged.flatMap((one) => {
    const value = errorOf(one, metric);
    return value === undefined ? [] : [{ value, weight: one.weight, key: one.point.key }];
  });
  const absolute = errors.map(({ value, weight }) => ({ value: Math.abs(value), weight }));
  return {
    rows: errors.length,
    keys: new Set(errors.map(({ key }) => key)).size,
    median: weightedQuantile(absolute, 0.5),
    p90: weightedQuantile(absolute, 0.9),
    bias: weightedQuantile(errors, 0.5),
  };
}

/** Points beside their predictions; repeats of a key share its weight. */
export function judge(
  points: readonly ServingPoint[],
  predicted: ReadonlyMap<string, { readonly ttft: number; readonly tpot: number }>,
  marked: ReadonlySet<ServingPoint>,
): readonly JudgedPoint[] {
  const judged: JudgedPoint[] = [];
  const usable = points.map((point) => ({ point, leftOut: leftOutBy(point, marked) }));
  for (const repeats of grouped(usable, ({ point, leftOut }) => `${point.key} ${leftOut ?? ''}`).values())
    for (const { point, leftOut } of repeats) {
      const prediction = predicted.get(point.key);
      if (prediction === undefined) continue;
      const { ttft, tpot } = prediction;
      judged.push({
        point,
        weight: 1 / repeats.length,
        ttft,
        tpot,
        ttftError: point.ttft === undefined || point.ttft > queuedTtft ? undefined : ttft / point.ttft - 1,
        tpotError: point.tpot === undefined ? undefined : tpot / point.tpot - 1,
        leftOut,
      });
    }
  return judged;
}
