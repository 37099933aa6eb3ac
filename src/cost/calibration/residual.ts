import type { Residual } from './cell.ts';
import { solveSymmetric } from './solve.ts';
import { splitLeaves } from './leaves.ts';

/** Steps of an anchor's coordinate over the range of a feature, and of its value to either side. */
export const STEPS = 63;
export const MOST_VALUE_STEPS = 255;
/** [ln(measured / predicted)] */
const VALUE_STEP = 0.005;
/** Rows without residual that each anchor is thought to have seen, so that thin ones stay small. */
const PRIOR = 1;
/** Where a residual's weight begins to fall. */
const HUBER = 0.05;

/** Points of feature space (row-major) and the logarithm of measured over predicted at each. */
export interface ResidualSample {
  readonly features: Float64Array;
  readonly width: number;
  readonly values: Float64Array;
}

/** Falls with the squared distance in widths. */
function kernel(distance: number): number {
  const square = (1 + distance) * (1 + distance);
  return 1 / (square * square);
}

/** Coordinates of the anchors, row-major, in widths of the kernel. */
function scaledAnchors({ scale, low, step, places }: Omit<Residual, 'values'>): Float64Array {
  return Float64Array.from(places.flatMap((anchor) => anchor.map((place, f) => ((low[f] ?? 0) + place * (step[f] ?? 0)) / (scale[f] ?? 1))));
}

/** The smoothed residual as a function of the features. */
export function smoothed(residual: Residual): (features: readonly number[]) => number {
  const width = residual.scale.length;
  const inverse = Float64Array.from(residual.scale, (scale) => 1 / scale);
  const anchors = scaledAnchors(residual);
  const values = Float64Array.from(residual.values, (steps) => steps * VALUE_STEP);
  return (features) => {
    let sum = 0;
    let weights = 0;
    for (let a = 0, at = 0; a < values.length; a++) {
      let distance = 0;
      for (let f = 0; f < width; f++, at++) {
        const offset = (features[f] as number) * (inverse[f] as number) - (anchors[at] as number);
        distance += offset * offset;
      }
      const weight = kernel(distance);
      weights += weight;
      sum += weight * (values[a] as number);
    }
    return sum / weights;
  };
}

/**
 * Places anchors where residuals change most (leaves of a regression tree) and gives them the values that, smoothed between anchors, leave
 * the least robust square. Coordinates and values are rounded to the steps that are shipped.
 */
export function fitResidual(sample: ResidualSample, count: number): Residual | undefined {
  const { width, features, values } = sample;
  if (count < 1 || values.length < 8) return undefined;
  const leaves = splitLeaves(sample, count);
  const low = Array.from({ length: width }, (_, f) => rounded(extreme(features, width, f, Math.min)));
  const step = low.map((least, f) => rounded(Math.max((extreme(features, width, f, Math.max) - least) / STEPS, 1e-3)));
  const scale = step.map((least, f) => rounded(Math.max(middle(leaves.map(({ widths }) => widths[f] ?? 0)) / 2, least, 0.05)));
  const places = leaves
    .map(({ centre }) => centre.map((at, f) => Math.min(STEPS, Math.max(0, Math.round((at - (low[f] ?? 0)) / (step[f] ?? 1))))))
    .sort(byPlace);
  const grid = { scale, low, step, places };
  return {
    ...grid,
    values: anchorValues(sample, grid).map((value) => Math.max(-MOST_VALUE_STEPS, Math.min(MOST_VALUE_STEPS, Math.round(value / VALUE_STEP)))),
  };
}

function byPlace(a: readonly number[], b: readonly number[]): number {
  const first = a.findIndex((place, f) => place !== b[f]);
  return first === -1 ? 0 : (a[first] ?? 0) - (b[first] ?? 0);
}

/** Weighted least squares of the anchors' values, reweighted twice so that outliers do not pull. */
function anchorValues(sample: ResidualSample, grid: Omit<Residual, 'values'>): number[] {
  const { values } = sample;
  const size = grid.places.length;
  const shares = sharesOf(sample, grid);
  const weights = new Float64Array(values.length).fill(1);
  let solution = new Float64Array(size);
  for (let round = 0; round < 3; round++) {
    solution = weighted(shares, values, weights, size);
    for (let i = 0; i < values.length; i++) {
      let predicted = 0;
      for (let a = 0; a < size; a++) predicted += (shares[i * size + a] as number) * (solution[a] as number);
      weights[i] = 1 / Math.max(1, Math.abs((values[i] as number) - predicted) / HUBER);
    }
  }
  return [...solution];
}

/** How much each anchor counts at each point, row-major. */
function sharesOf({ features, width, values }: ResidualSample, grid: Omit<Residual, 'values'>): Float64Array {
  const size = grid.places.length;
  const anchors = scaledAnchors(grid);
  const shares = new Float64Array(values.length * size);
  for (let i = 0; i < values.length; i++) {
    let sum = 0;
    for (let a = 0; a < size; a++) {
      let distance = 0;
      for (let f = 0; f < width; f++) {
        const offset = (features[i * width + f] as number) / (grid.scale[f] as number) - (anchors[a * width + f] as number);
        distance += offset * offset;
      }
      const weight = kernel(distance);
      shares[i * size + a] = weight;
      sum += weight;
    }
    for (let a = 0; a < size; a++) shares[i * size + a] = (shares[i * size + a] as number) / sum;
  }
  return shares;
}

function weighted(shares: Float64Array, values: Float64Array, weights: Float64Array, size: number): Float64Array<ArrayBuffer> {
  const matrix = new Float64Array(size * size);
  const right = new Float64Array(size);
  for (let i = 0; i < values.length; i++) {
    const weight = weights[i] as number;
    for (let a = 0; a < size; a++) {
      const own = (shares[i * size + a] as number) * weight;
      if (own < 1e-6) continue;
      right[a] = (right[a] as number) + own * (values[i] as number);
      for (let b = 0; b <= a; b++) matrix[a * size + b] = (matrix[a * size + b] as number) + own * (shares[i * size + b] as number);
    }
  }
  for (let a = 0; a < size; a++) {
    matrix[a * size + a] = (matrix[a * size + a] as number) + PRIOR;
    for (let b = 0; b < a; b++) matrix[b * size + a] = matrix[a * size + b] as number;
  }
  solveSymmetric(matrix, right);
  return right;
}

function extreme(features: Float64Array, width: number, feature: number, pick: (a: number, b: number) => number): number {
  let value = features[feature] ?? 0;
  for (let i = feature; i < features.length; i += width) value = pick(value, features[i] ?? 0);
  return value;
}

function middle(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? 0;
}

function rounded(value: number): number {
  return Number(value.toPrecision(3));
}
