import type { Spread } from '../../catalogue/uncertainty.ts';
import { ln } from '../../kernel/elementary.ts';

/** Standard normal variates whose size half, nine in ten, and 99 in 100 draws stay below. */
const [half, most, nearly] = [0.6744897501960817, 1.6448536269514722, 2.5758293035489004];

/** Nothing is off. */
export const exactly: Spread = { median: 0, p90: 0, p99: 0 };

/**
 * The error that belongs to a standard normal variate: its sign, and a size whose square root is linear in the size of the variate between the
 * quantiles of the spread, so that errors have just these quantiles (and come within a tenth of measured 80 % quantiles); past the last by the last
 * slope. [ln(real / predicted)]
 */
export function errorAt({ median, p90, p99 }: Spread, variate: number): number {
  const size = Math.abs(variate);
  const [five, nine, last] = [Math.sqrt(median), Math.sqrt(p90), Math.sqrt(p99)];
  const root = size <= most ? five + ((nine - five) * (size - half)) / (most - half) : nine + ((last - nine) * (size - most)) / (nearly - most);
  const error = size <= half ? (median * size) / half : root * root;
  return variate < 0 ? -error : error;
}

/** The spread of a score, whose errors are |predicted / measured - 1|; undefined for one without rows. */
export function spreadOfScore({ rows, median, p90, p99 }: { readonly rows: number } & Spread): Spread | undefined {
  if (rows === 0 || Number.isNaN(median)) return undefined;
  return { median: ln(1 + median), p90: ln(1 + p90), p99: ln(1 + p99) };
}
