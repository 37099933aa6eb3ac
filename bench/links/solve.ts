/**
 * Coefficients, each at least its bound, of the sum of `columns` that is nearest to `target` in relative terms: least squares of the ratio, reweighted to the
 * sum of absolute ratios, tried with every subset of coefficients at their bounds.
 */
export interface Solution {
  readonly coefficients: readonly number[];
  /** Of each row: model over measured, less one. */
  readonly errors: readonly number[];
  /** Sum of their sizes. */
  readonly loss: number;
}

const rounds = 12;

export function solve(columns: readonly (readonly number[])[], target: readonly number[], bounds: readonly number[]): Solution {
  const count = columns.length;
  // What is above the bounds, relative to the target.
  const rest = target.map((value, row) => 1 - columns.reduce((sum, column, c) => sum + ((bounds[c] ?? 0) * (column[row] ?? 0)) / value, 0));
  const ratio = columns.map((column) => column.map((value, row) => value / (target[row] ?? 1)));
  let best: Solution = { coefficients: bounds, errors: rest.map((value) => -value), loss: rest.reduce((sum, value) => sum + Math.abs(value), 0) };
  for (let set = 1; set < 1 << count; set++) {
    const free = columns.map((_, c) => c).filter((c) => (set >> c) & 1);
    const scale = free.map((c) => Math.max(...(ratio[c] ?? []).map(Math.abs)) || 1);
    const matrix = target.map((_, row) => free.map((c, i) => (ratio[c]?.[row] ?? 0) / (scale[i] ?? 1)));
    let weights = target.map(() => 1);
    let found: number[] | undefined;
    let errors: number[] = [];
    for (let round = 0; round < rounds; round++) {
      found = leastSquares(matrix, rest, weights);
      if (found === undefined) break;
      const now = found;
      errors = matrix.map((line, row) => line.reduce((sum, value, i) => sum + value * (now[i] ?? 0), 0) - (rest[row] ?? 0));
      weights = errors.map((error) => 1 / Math.max(Math.abs(error), 0.02));
    }
    if (found === undefined || found.some((value) => value < 0)) continue;
    const loss = errors.reduce((sum, error) => sum + Math.abs(error), 0);
    if (loss >= best.loss - 1e-12) continue;
    const coefficients = [...bounds];
    free.forEach((c, i) => (coefficients[c] = (bounds[c] ?? 0) + (found[i] ?? 0) / (scale[i] ?? 1)));
    best = { coefficients, errors, loss };
  }
  return best;
}

/** Weighted normal equations by elimination; undefined where they are singular. */
function leastSquares(matrix: readonly (readonly number[])[], target: readonly number[], weights: readonly number[]): number[] | undefined {
  const n = matrix[0]?.length ?? 0;
  const system = Array.from({ length: n }, (_, i) => [
    ...Array.from({ length: n }, (_, j) => matrix.reduce((sum, line, row) => sum + (weights[row] ?? 0) * (line[i] ?? 0) * (line[j] ?? 0), 0)),
    matrix.reduce((sum, line, row) => sum + (weights[row] ?? 0) * (line[i] ?? 0) * (target[row] ?? 0), 0),
  ]);
  for (let i = 0; i < n; i++) {
    const pivot = system.slice(i).reduce((at, line, k) => (Math.abs(line[i] ?? 0) > Math.abs(system[at]?.[i] ?? 0) ? i + k : at), i);
    const [a, b] = [system[i] as number[], system[pivot] as number[]];
    [system[i], system[pivot]] = [b, a];
    const own = b[i] ?? 0;
    if (Math.abs(own) < 1e-10) return undefined;
    for (let row = 0; row < n; row++) {
      if (row === i) continue;
      const line = system[row] as number[];
      const factor = (line[i] ?? 0) / own;
      for (let c = i; c <= n; c++) line[c] = (line[c] ?? 0) - factor * (b[c] ?? 0);
    }
  }
  return system.map((line, i) => (line[n] ?? 0) / (line[i] ?? 1));
}

/** Median, 90th percentile and worst of the sizes of errors. */
function spreadOf(errors: readonly number[]): { readonly rows: number; readonly median: number; readonly p90: number; readonly worst: number } {
  const sorted = errors.map(Math.abs).toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? 0;
  return { rows: sorted.length, median: at(0.5), p90: at(0.9), worst: sorted.at(-1) ?? 0 };
}

export function spreadText(errors: readonly number[]): string {
  const { rows, median, p90, worst } = spreadOf(errors);
  const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;
  return `${rows} rows, median ${percent(median)}, p90 ${percent(p90)}, worst ${percent(worst)}`;
}
