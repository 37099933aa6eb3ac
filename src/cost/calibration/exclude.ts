import type { DieRates, MeasuredRow, OperatorFamily } from './family.ts';
import { shapeKey } from './sample.ts';

/** A repeat of a shape may differ from the median of its repeats by this factor. */
const REPEATS = 1.3;
/** A time may be this much below the least that the die allows: clocks are read with an error. */
const BELOW_FLOOR = 0.97;
/** Work grows along a sweep, so that a time this many times those of both its neighbours is a disturbance. */
const SPIKE = 2;

export interface Sifted<Shape> {
  readonly kept: readonly MeasuredRow<Shape>[];
  /** Rows left out, by the reason. */
  readonly left: ReadonlyMap<string, number>;
}

/**
 * The rule by which measured rows are left out of fit and score: a time below what the die's limits allow, a repeat of a shape far from
 * the median of its repeats, and a spike in a sweep.
 */
export function sift<Shape>(family: OperatorFamily<Shape>, rows: readonly MeasuredRow<Shape>[], die: DieRates): Sifted<Shape> {
  const medians = mediansOf(rows);
  const left = new Map<string, number>();
  const keep = (reason: string | undefined): boolean => {
    if (reason !== undefined) left.set(reason, (left.get(reason) ?? 0) + 1);
    return reason === undefined;
  };
  const possible = rows.filter((row, i) => keep(reasonOf(row, medians[i] ?? row.time, family.floor(row.shape, die))));
  const spikes = spikesOf(family, possible);
  return { kept: possible.filter((row) => keep(spikes.has(row) ? spike : undefined)), left };
}

const spike = `more than ${SPIKE} times both its neighbours in a sweep`;

/** Rows that are slower than the next smaller and the next larger one of their sweep, by more than work that grows can explain. */
function spikesOf<Shape>(family: OperatorFamily<Shape>, rows: readonly MeasuredRow<Shape>[]): ReadonlySet<MeasuredRow<Shape>> {
  const spikes = new Set<MeasuredRow<Shape>>();
  if (family.sweep === undefined) return spikes;
  const sweeps = new Map<string, { readonly row: MeasuredRow<Shape>; readonly at: number }[]>();
  for (const row of rows) {
    const { along, at } = family.sweep(row.shape);
    const known = sweeps.get(along);
    if (known === undefined) sweeps.set(along, [{ row, at }]);
    else known.push({ row, at });
  }
  for (const sweep of sweeps.values()) {
    sweep.sort((a, b) => a.at - b.at);
    for (let i = 1; i < sweep.length - 1; i++) {
      const [before, point, after] = sweep.slice(i - 1, i + 2);
      if (before === undefined || point === undefined || after === undefined || before.at === point.at || point.at === after.at) continue;
      if (point.row.time > SPIKE * Math.max(before.row.time, after.row.time)) spikes.add(point.row);
    }
  }
  return spikes;
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
