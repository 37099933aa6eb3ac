import type { Score } from './cell.ts';

/** |predicted / measured - 1|. */
export function errorOf(predicted: number, measured: number): number {
  return Math.abs(predicted / measured - 1);
}

/** The value below which a share of sorted values lies, interpolated between neighbours. */
function quantile(sorted: Float64Array, share: number): number {
  if (sorted.length === 0) return Number.NaN;
  const place = share * (sorted.length - 1);
  const low = Math.floor(place);
  const below = sorted[low] ?? 0;
  return below + (place - low) * ((sorted[low + 1] ?? below) - below);
}

/** Median, p90 and p99 of absolute relative errors. */
export function scoreOf(errors: ArrayLike<number>): Score {
  const sorted = Float64Array.from(errors).sort();
  return { rows: sorted.length, median: quantile(sorted, 0.5), p90: quantile(sorted, 0.9), p99: quantile(sorted, 0.99) };
}

/** What a cell with enough rows must keep on folds it has not seen. */
export const gates = { rows: 50, median: 0.07, p90: 0.2, p99: 0.5, excluded: 0.02 } as const;

/** The gates that a cell misses, in words; none for a cell with too few rows to be gated. */
export function missedGates(cell: { readonly heldOut: Score; readonly excluded: number }): readonly string[] {
  const { rows, median, p90, p99 } = cell.heldOut;
  if (rows < gates.rows) return [];
  const left = cell.excluded / (rows + cell.excluded);
  const parts = [
    ['median', median, gates.median],
    ['p90', p90, gates.p90],
    ['p99', p99, gates.p99],
    ['left out', left, gates.excluded],
  ] as const;
  return parts.filter(([, value, most]) => !(value <= most)).map(([name, value, most]) => `${name} ${percent(value)} above ${percent(most)}`);
}

function percent(value: number): string {
  return `${(100 * value).toFixed(1)} %`;
}
