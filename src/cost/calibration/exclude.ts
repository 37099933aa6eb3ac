import type { DieRates, MeasuredRow, OperatorFamily } from './family.ts';
import { shapeKey } from './sample.ts';

/** A repeat of a shape may differ from the median of its repeats by this factor. */
const REPEATS = 1.3;
/** A time may be this much below the least that the die allows: clocks are read with an error. */
const BELOW_FLOOR = 0.97;

export interface Sifted<Shape> {
  readonly kept: readonly MeasuredRow<Shape>[];
  /** Rows left out, by the reason. */
  readonly left: ReadonlyMap<string, number>;
}

/**
 * The rule by which measured rows are left out of fit and score: a time below what the die's limits allow, and a repeat of a shape far from
 * the median of its repeats.
 */
export function sift<Shape>(family: OperatorFamily<Shape>, rows: readonly MeasuredRow<Shape>[], die: DieRates): Sifted<Shape> {
  const medians = mediansOf(rows);
  const left = new Map<string, number>();
  const kept = rows.filter((row, i) => {
    const reason = reasonOf(row, medians[i] ?? row.time, family.floor(row.shape, die));
    if (reason !== undefined) left.set(reason, (left.get(reason) ?? 0) + 1);
    return reason === undefined;
  });
  return { kept, left };
}

function reasonOf(row: MeasuredRow<unknown>, median: number, floor: number): string | undefined {
  if (!(row.time > 0 && row.time < Infinity)) return 'no time';
  if (row.time < BELOW_FLOOR * floor) return 'faster than the die allows';
  if (row.time > REPEATS * median || row.time * REPEATS < median) return `a repeat off the median of its repeats by more than ${REPEATS}`;
  return undefined;
}

/** The median time of the repeats of each row's shape. */
function mediansOf(rows: readonly MeasuredRow<unknown>[]): readonly number[] {
  const repeats = new Map<string, number[]>();
  const keys = rows.map(({ shape }) => shapeKey(shape));
  rows.forEach(({ time }, i) => {
    const key = keys[i] ?? '';
    const known = repeats.get(key);
    if (known === undefined) repeats.set(key, [time]);
    else known.push(time);
  });
  for (const times of repeats.values()) if (times.length > 1) times.sort((a, b) => a - b);
  return keys.map((key) => {
    const times = repeats.get(key) ?? [];
    const half = times.length >> 1;
    return times.length % 2 === 1 ? (times[half] ?? 0) : ((times[half - 1] ?? 0) + (times[half] ?? 0)) / 2;
  });
}
