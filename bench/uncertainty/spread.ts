import type { Triple } from './file.ts';
import { quantile } from './tables.ts';

/** Student's t by its degrees of freedom: sizes that half, nine in ten and 99 in 100 draws stay below. */
const student: readonly (Triple | undefined)[] = [
  undefined,
  undefined,
  undefined,
  [0.765, 2.353, 5.841],
  [0.741, 2.132, 4.604],
  [0.727, 2.015, 4.032],
  [0.718, 1.943, 3.707],
  [0.711, 1.895, 3.499],
  [0.706, 1.86, 3.355],
  [0.703, 1.833, 3.25],
  [0.7, 1.812, 3.169],
];
interface Predictive {
  readonly spread: Triple;
  readonly freedom: number;
}

/** Sizes that half, nine in ten and 99 in 100 stay below. */
export const quantilesOf = (values: readonly number[]): Triple => {
  const sizes = values.map((value) => Math.abs(value));
  return [quantile(sizes, 0.5), quantile(sizes, 0.9), quantile(sizes, 0.99)];
};

/**
 * How far one more is off if errors are normal around nothing: quantiles of Student's t times the root of their mean square. `constants` that were
 * read off the same measurements take a degree of freedom each; of fewer than three left, nothing is said.
 */
export function predictive(errors: readonly number[], constants: number): Predictive | undefined {
  const freedom = errors.length - constants;
  const quantiles = student[freedom];
  if (freedom < 3 || quantiles === undefined) return undefined;
  const scale = Math.sqrt((errors.reduce((sum, error) => sum + error ** 2, 0) / freedom) * (1 + constants / errors.length));
  const [half, most, nearly] = quantiles;
  return { spread: [half * scale, most * scale, nearly * scale], freedom };
}

export function predictiveText({ spread, freedom }: Predictive): string {
  return `[${spread.map((size) => size.toFixed(3)).join(', ')}] (${freedom} degrees of freedom)`;
}

export const spreadText = (values: readonly number[]): string => {
  const sizes = values.map((value) => Math.abs(value));
  return `median ${quantile(sizes, 0.5).toFixed(3)}, p80 ${quantile(sizes, 0.8).toFixed(3)}, p90 ${quantile(sizes, 0.9).toFixed(3)}, p99 ${quantile(sizes, 0.99).toFixed(3)} (${values.length})`;
};
