import { meanLength } from '../src/serving/traffic/lengths.ts';
import type { Lengths } from '../src/serving/traffic/workload.ts';
import { lengthAt, type LengthTable } from '../tests/workload-sources.ts';

const GRID = 2000;
/** Quantiles that a table meets exactly. */
const STATED = [0, 0.5, 0.9, 0.95, 0.99, 1];
const TAIL = [0.995, 0.999, 0.9995];

/** Cumulative share and value. */
export type Knot = readonly [number, number];

/**
 * Knots of a quantile table: the stated quantiles, and then where the straight line between two knots is furthest off. Lines over a
 * convex curve lie too high: the knots that no quantile is stated at are scaled until the mean is that of the source. Values are
 * rounded to multiples of `step`; a table of a few knots has no tail beyond its last stated quantile.
 */
export function knotsOf(source: LengthTable, most: number, step = 1): readonly Knot[] {
  const at = Float64Array.from({ length: GRID + 1 }, (_, i) => (i === 0 ? (source.lengths[0] ?? 1) : lengthAt(source, i / GRID)));
  const knots = [...STATED.slice(0, -1), ...(most > 16 ? TAIL : []), 1].map((share) => Math.round(share * GRID));
  while (knots.length < most) {
    let worst = { area: 0, split: -1 };
    for (let k = 1; k < knots.length; k++) {
      const from = knots[k - 1] ?? 0;
      const to = knots[k] ?? 0;
      let area = 0;
      let split = { off: 0, at: -1 };
      for (let i = from + 1; i < to; i++) {
        const off = Math.abs((at[i] ?? 0) - (at[from] ?? 0) - (((at[to] ?? 0) - (at[from] ?? 0)) * (i - from)) / (to - from));
        area += off / (step + (at[i] ?? 0));
        if (off > split.off) split = { off, at: i };
      }
      if (area > worst.area && split.at !== -1) worst = { area, split: split.at };
    }
    if (worst.split === -1) break;
    knots.push(worst.split);
    knots.sort((a, b) => a - b);
  }
  return scaledToMean(
    knots.map((i) => [i / GRID, at[i] ?? 1] as const),
    source.mean,
    step,
  );
}

function scaledToMean(knots: readonly Knot[], mean: number, step: number): readonly Knot[] {
  const scaled = (factor: number): readonly Knot[] => {
    const fixed = (at: number) => STATED.includes(knots[at]?.[0] ?? 0);
    return knots.map(([share, tokens], i): Knot => {
      if (fixed(i)) return [share, tokens];
      const floor = knots.findLast((_, k) => k < i && fixed(k))?.[1] ?? 1;
      const ceiling = knots.find((_, k) => k > i && fixed(k))?.[1] ?? Infinity;
      return [share, Number((Math.round(Math.min(ceiling, Math.max(floor, tokens * factor)) / step) * step).toPrecision(12))];
    });
  };
  let [low, high] = [0.5, 2];
  while (high - low > 1e-6) {
    const middle = (low + high) / 2;
    if ((meanLength(lengthsOf(scaled(middle))) ?? 0) < mean) low = middle;
    else high = middle;
  }
  return scaled((low + high) / 2);
}

export const lengthsOf = (knots: readonly Knot[]): Lengths => ({
  kind: 'empirical',
  share: knots.map(([share]) => share),
  tokens: knots.map(([, tokens]) => tokens),
});

/** Knots on one line of YAML. */
export const inline = (knots: readonly Knot[]): string => `[${knots.map(([share, value]) => `[${share}, ${value}]`).join(', ')}]`;
