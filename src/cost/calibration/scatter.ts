import { ln, exp } from '../../kernel/elementary.ts';
import type { MeasuredRow, OperatorFamily } from './family.ts';
import type { Score } from './cell.ts';
import { errorOf, scoreOf } from './score.ts';
import { shapeKey } from './sample.ts';

/**
 * What no model comes below in which more work never takes less time: along each sweep of measured rows the nearest curve that does not
 * fall (least sum of |ln|, pooled medians), and how far the rows lie from it. Repeats of a shape are one point of its sweep.
 */
export function scatterOf<Shape>(family: OperatorFamily<Shape>, rows: readonly MeasuredRow<Shape>[]): Score {
  const sweeps = new Map<string, { readonly at: number; readonly time: number }[]>();
  for (const { shape, time } of rows) {
    const { along, at } = family.sweep?.(shape) ?? family.growth?.(shape) ?? { along: shapeKey(shape), at: 0 };
    const known = sweeps.get(along);
    if (known === undefined) sweeps.set(along, [{ at, time }]);
    else known.push({ at, time });
  }
  return scoreOf([...sweeps.values()].flatMap((sweep) => distances(sweep)));
}

interface Pool {
  /** Of its last point. */
  readonly at: number;
  readonly times: readonly number[];
  readonly median: number;
}

/** How far the points of one sweep lie from the nearest curve that does not fall; none for a single point. */
function distances(sweep: readonly { readonly at: number; readonly time: number }[]): readonly number[] {
  if (sweep.length < 2) return [];
  const pools: Pool[] = [];
  for (const { at, time } of [...sweep].sort((a, b) => a.at - b.at)) {
    let pool: Pool = { at, times: [time], median: time };
    let before = pools.at(-1);
    while (before !== undefined && (before.at === pool.at || before.median > pool.median)) {
      pools.pop();
      pool = merged(before, pool);
      before = pools.at(-1);
    }
    pools.push(pool);
  }
  return pools.flatMap(({ times, median }) => times.map((time) => errorOf(median, time)));
}

function merged(a: Pool, b: Pool): Pool {
  const times = [...a.times, ...b.times].sort((one, other) => one - other);
  const half = times.length >> 1;
  const upper = times[half] ?? 0;
  const median = times.length % 2 === 1 ? upper : exp((ln(times[half - 1] ?? upper) + ln(upper)) / 2);
  return { at: b.at, times, median };
}
