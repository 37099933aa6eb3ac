import type { Residual } from './cell.ts';
import { solveSymmetric } from './solve.ts';
import { splitLeaves } from './leaves.ts';

/** Steps of anchors' coordinates over the range of a feature, and of their values. */
const COORDINATES = 63;
export const VALUE_STEP = 0.005;
const LARGEST = 255;
/** Rows of no residual that each anchor is thought to have seen, so that thin ones stay small. */
const PRIOR = 1;

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

/** The smoothed residual at a point. */
export function residualAt({ scale, anchors, values }: Residual, features: readonly number[]): number {
  let sum = 0;
  let weights = 0;
  for (let a = 0; a < anchors.length; a++) {
    const anchor = anchors[a] as readonly number[];
    let distance = 0;
    for (let f = 0; f < scale.length; f++) {
      const offset = ((features[f] ?? 0) - (anchor[f] ?? 0)) / (scale[f] ?? 1);
      distance += offset * offset;
    }
    const weight = kernel(distance);
    weights += weight;
    sum += weight * (values[a] ?? 0);
  }
  return weights > 0 ? sum / weights : 0;
}

/**
 * Places anchors where residuals change most (leaves of a regression tree) and gives them the values that, smoothed between anchors, leave
 * the least robust square. Coordinates and values are rounded to the steps that are shipped.
 */
export function fitResidual(sample: ResidualSample, count: number): Residual | undefined {
  const { width, features, values } = sample;
  if (count < 1 || values.length < 8) return undefined;
  const leaves = splitLeaves(sample, count);
  const low = Array.from({ length: width }, (_, f) => extreme(features, width, f, Math.min));
  const high = Array.from({ length: width }, (_, f) => extreme(features, width, f, Math.max));
  const scale = low.map((least, f) => rounded(Math.max(middle(leaves.map(({ widths }) => widths[f] ?? 0)) / 2, ((high[f] ?? 0) - least) / COORDINATES, 0.05)));
  const coordinates = low.map((least, f) => ({ least: rounded(least), step: rounded(Math.max(((high[f] ?? 0) - least) / COORDINATES, 1e-3)) }));
  const anchors = leaves.map(({ centre }) =>
    coordinates.map(({ least, step }, f) => {
      const place = Math.min(COORDINATES, Math.max(0, Math.round(((centre[f] ?? 0) - least) / step)));
      return least + place * step;
    }),
  );
  const solved = anchorValues(sample, { scale, anchors, values: [] });
  return { scale, anchors, values: solved.map((value) => Math.max(-LARGEST, Math.min(LARGEST, Math.round(value / VALUE_STEP))) * VALUE_STEP) };
}

/** Weighted least squares of the anchors' values, reweighted twice so that outliers do not pull. */
function anchorValues({ features, width, values }: ResidualSample, { scale, anchors }: Residual): number[] {
  const size = anchors.length;
  const shares = new Float64Array(values.length * size);
  for (let i = 0; i < values.length; i++) {
    let sum = 0;
    for (let a = 0; a < size; a++) {
      let distance = 0;
      for (let f = 0; f < width; f++) {
        const offset = ((features[i * width + f] ?? 0) - (anchors[a]?.[f] ?? 0)) / (scale[f] ?? 1);
        distance += offset * offset;
      }
      const weight = kernel(distance);
      shares[i * size + a] = weight;
      sum += weight;
    }
    for (let a = 0; a < size; a++) shares[i * size + a] = (shares[i * size + a] ?? 0) / sum;
  }
  const weights = new Float64Array(values.length).fill(1);
  let solution = new Float64Array(size);
  for (let round = 0; round < 3; round++) {
    const matrix = new Float64Array(size * size);
    const right = new Float64Array(size);
    for (let i = 0; i < values.length; i++) {
      const weight = weights[i] ?? 0;
      for (let a = 0; a < size; a++) {
        const own = (shares[i * size + a] ?? 0) * weight;
        if (own < 1e-6) continue;
        right[a] = (right[a] ?? 0) + own * (values[i] ?? 0);
        for (let b = 0; b <= a; b++) matrix[a * size + b] = (matrix[a * size + b] ?? 0) + own * (shares[i * size + b] ?? 0);
      }
    }
    for (let a = 0; a < size; a++) {
      matrix[a * size + a] = (matrix[a * size + a] ?? 0) + PRIOR;
      for (let b = 0; b < a; b++) matrix[b * size + a] = matrix[a * size + b] ?? 0;
    }
    solveSymmetric(matrix, right);
    solution = right;
    for (let i = 0; i < values.length; i++) {
      let predicted = 0;
      for (let a = 0; a < size; a++) predicted += (shares[i * size + a] ?? 0) * (solution[a] ?? 0);
      weights[i] = 1 / Math.max(1, Math.abs((values[i] ?? 0) - predicted) / 0.05);
    }
  }
  return [...solution];
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
