import type { Spread } from '../../catalogue/uncertainty.ts';
import { ln } from '../../kernel/elementary.ts';

/** Standard normal variates whose size half, nine in ten, and 99 in 100 draws stay below. */
const [half, most, nearly] = [0.6744897501960817, 1.6448536269514722, 2.5758293035489004];

/** Nothing is off. */
export const exactly: Spread = { median: 0, p90: 0, p99: 0 };

/**
 * The error that belongs to a standard normal variate: its sign, and a size that is linear in the variate's between the quantiles of the
 * spread, so that errors have just these quantiles; past the last by the last slope. [ln(real / predicted)]
 */
export function errorAt({ median, p90, p99 }: Spread, variate: number): number {
  const size = Math.abs(variate);
  const nine = Math.max(median, p90);
  const error =
    size <= half
      ? (median * size) / half
      : size <= most
        ? median + ((nine - median) * (size - half)) / (most - half)
        : nine + ((Math.max(nine, p99) - nine) * (size - most)) / (nearly - most);
  return variate < 0 ? -error : error;
}

/** The spread of a score, whose errors are |predicted / measured - 1|; undefined for one without rows. */
export function spreadOfScore({ rows, median, p90, p99 }: { readonly rows: number } & Spread): Spread | undefined {
  if (rows === 0 || Number.isNaN(median)) return undefined;
  return { median: ln(1 + median), p90: ln(1 + p90), p99: ln(1 + p99) };
}
