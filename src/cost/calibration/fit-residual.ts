import type { Residual } from './cell.ts';
import { factorSymmetric, solveFactored, solveSymmetric } from './solve.ts';
import { between, knotBelow, VALUE_STEP } from './residual.ts';

/** Steps of a knot's place over the range of its feature, and of a value to either side. */
export const KNOT_STEPS = 63;
export const MOST_VALUE_STEPS = 100;
/** Rows without residual that each value is thought to have seen, and rows that say it is as its neighbour. */
const PRIOR = 0.1;
const SMOOTH = 0.3;
/** Where a residual's weight begins to fall. */
const HUBER = 0.05;
/** A residual beyond this counts as this when tables are chosen. */
const CLIP = 0.5;

/** Points of feature space and the logarithm of measured over predicted at each. */
export interface ResidualSample {
  readonly points: readonly (readonly number[])[];
  readonly values: Float64Array;
}

/** How much a residual may hold: tables of pairs of features, and knots of a feature. */
export interface ResidualSize {
  readonly tables: number;
  readonly knots: number;
}

/** One pair of features: the four values that each point lies between, and their weights. */
interface PairTable {
  readonly features: readonly [number, number];
  readonly rows: number;
  readonly width: number;
  readonly indices: Int32Array;
  readonly weights: Float64Array;
}

/**
 * Fits residuals of several sizes to a sample: tables are added one by one, each time that of the pair of features which explains the most
 * of what is left, then all values are fitted together by robust least squares, drawn to zero and to their neighbours where rows are few.
 * No residual where no table explains anything.
 */
export function fitResiduals(sample: ResidualSample, sizes: readonly ResidualSize[]): readonly (Residual | undefined)[] {
  const paths = new Map(
    [...new Set(sizes.map(({ knots }) => knots))].map((knots) => {
      const most = Math.max(...sizes.filter((size) => size.knots === knots).map(({ tables }) => tables));
      return [knots, pathOf(sample, { tables: most, knots })];
    }),
  );
  return sizes.map(({ tables, knots }) => {
    const path = paths.get(knots) ?? [];
    return path[Math.min(tables, path.length) - 1];
  });
}

/** The residuals of one table, two tables and so on. */
function pathOf({ points, values }: ResidualSample, size: ResidualSize): readonly Residual[] {
  const path: Residual[] = [];
  if (points.length === 0) return path;
  const grid = gridOf(points, size.knots);
  const candidates = pairsOf(grid, points).map(candidateOf);
  const chosen: PairTable[] = [];
  let left = values;
  while (chosen.length < size.tables) {
    const best = bestOf(
      candidates.filter(({ table }) => !chosen.includes(table)),
      left,
    );
    if (best === undefined) break;
    chosen.push(best);
    const solution = solved(chosen, values);
    left = remainder(chosen, solution, values);
    path.push(residualOf(grid, chosen, solution));
  }
  return path;
}

function residualOf({ low, step, knots }: Grid, chosen: readonly PairTable[], solution: Float64Array): Residual {
  const used = new Set(chosen.flatMap(({ features }) => features));
  let offset = 0;
  const tables = chosen.map(({ features, rows, width }) => {
    const part = solution.subarray(offset, offset + rows * width);
    offset += rows * width;
    return { features, values: Array.from(part, (value) => Math.max(-MOST_VALUE_STEPS, Math.min(MOST_VALUE_STEPS, Math.round(value / VALUE_STEP)))) };
  });
  return { low, step, knots: knots.map((places, feature) => (used.has(feature) ? places : [])), tables };
}

interface Grid {
  readonly low: readonly number[];
  readonly step: readonly number[];
  readonly knots: readonly (readonly number[])[];
}

/** Knots of each feature: spread over the values that occur, so that each is seen. */
function gridOf(points: readonly (readonly number[])[], count: number): Grid {
  const width = points[0]?.length ?? 0;
  const low: number[] = [];
  const step: number[] = [];
  const knots: number[][] = [];
  for (let f = 0; f < width; f++) {
    let least = Infinity;
    let most = -Infinity;
    for (const point of points) {
      least = Math.min(least, point[f] as number);
      most = Math.max(most, point[f] as number);
    }
    const from = rounded(least);
    const unit = rounded(Math.max((most - least) / KNOT_STEPS, 1e-3));
    const places = new Set<number>();
    for (const point of points) places.add(Math.min(KNOT_STEPS, Math.max(0, Math.round(((point[f] as number) - from) / unit))));
    const sorted = [...places].sort((a, b) => a - b);
    const taken = Math.min(count, sorted.length);
    low.push(from);
    step.push(unit);
    knots.push([...new Set(Array.from({ length: taken }, (_, i) => sorted[Math.round((i * (sorted.length - 1)) / Math.max(1, taken - 1))] as number))]);
  }
  return { low, step, knots };
}

function rounded(value: number): number {
  return Number(value.toPrecision(3));
}

/** The tables that may be added: pairs of features that vary; one feature alone where no other does. */
function pairsOf({ low, step, knots }: Grid, points: readonly (readonly number[])[]): readonly PairTable[] {
  const at = knots.map((places, f) => Float64Array.from(places, (place) => (low[f] as number) + place * (step[f] as number)));
  const varying = knots.flatMap((places, f) => (places.length > 1 ? [f] : []));
  const [only] = varying;
  const features = varying.length === 1 && knots.length > 1 ? [only as number, only === 0 ? 1 : 0] : varying;
  const pairs = features.flatMap((first, i) => features.slice(i + 1).map((second): readonly [number, number] => [first, second]));
  return pairs.map(([first, second]) => {
    const [rows, width] = [at[first] as Float64Array, at[second] as Float64Array];
    const indices = new Int32Array(points.length * 4);
    const weights = new Float64Array(points.length * 4);
    points.forEach((point, i) => {
      const down = knotBelow(rows, point[first] as number);
      const right = knotBelow(width, point[second] as number);
      const downShare = between(rows, down, point[first] as number);
      const rightShare = between(width, right, point[second] as number);
      const corner = down * width.length + right;
      const below = downShare > 0 ? corner + width.length : corner;
      const beside = rightShare > 0 ? 1 : 0;
      indices.set([corner, corner + beside, below, below + beside], i * 4);
      weights.set([(1 - downShare) * (1 - rightShare), (1 - downShare) * rightShare, downShare * (1 - rightShare), downShare * rightShare], i * 4);
    });
    return { features: [first, second], rows: rows.length, width: width.length, indices, weights };
  });
}

/** A pair that may be added, with its normal equations, which stay while what is left changes. */
interface Candidate {
  readonly table: PairTable;
  readonly factor: Float64Array;
}

function candidateOf(table: PairTable): Candidate {
  const size = table.rows * table.width;
  const factor = normalMatrix([table], size, undefined);
  factorSymmetric(factor, size);
  return { table, factor };
}

/** The table that explains the most of what is left. */
function bestOf(candidates: readonly Candidate[], left: Float64Array): PairTable | undefined {
  const clipped = left.map((value) => Math.max(-CLIP, Math.min(CLIP, value)));
  let best: PairTable | undefined;
  let least = 0.995 * squares(clipped);
  for (const { table, factor } of candidates) {
    const solution = rightSide([table], table.rows * table.width, clipped, undefined);
    solveFactored(factor, solution);
    const rest = squares(remainder([table], solution, clipped));
    if (rest < least) {
      least = rest;
      best = table;
    }
  }
  return best;
}

function squares(values: Float64Array): number {
  let sum = 0;
  for (const value of values) sum += value * value;
  return sum;
}

/** Robust least squares of all values of the tables together. */
function solved(tables: readonly PairTable[], values: Float64Array): Float64Array {
  let solution = leastSquares(tables, values, undefined);
  for (let round = 0; round < 2; round++) {
    const weights = remainder(tables, solution, values).map((rest) => 1 / Math.max(1, Math.abs(rest) / HUBER));
    solution = leastSquares(tables, values, weights);
  }
  return solution;
}

function remainder(tables: readonly PairTable[], solution: Float64Array, values: Float64Array): Float64Array<ArrayBuffer> {
  const rest = Float64Array.from(values);
  let offset = 0;
  for (const { indices, weights, rows, width } of tables) {
    for (let i = 0; i < indices.length; i++)
      rest[i >> 2] = (rest[i >> 2] as number) - (weights[i] as number) * (solution[offset + (indices[i] as number)] as number);
    offset += rows * width;
  }
  return rest;
}

function leastSquares(tables: readonly PairTable[], values: Float64Array, rowWeights: Float64Array | undefined): Float64Array<ArrayBuffer> {
  const size = tables.reduce((sum, { rows, width }) => sum + rows * width, 0);
  const right = rightSide(tables, size, values, rowWeights);
  solveSymmetric(normalMatrix(tables, size, rowWeights), right);
  return right;
}

function rightSide(tables: readonly PairTable[], size: number, values: Float64Array, rowWeights: Float64Array | undefined): Float64Array<ArrayBuffer> {
  const right = new Float64Array(size);
  let offset = 0;
  for (const { indices, weights, rows, width } of tables) {
    for (let i = 0; i < indices.length; i++) {
      const row = i >> 2;
      const at = offset + (indices[i] as number);
      right[at] = (right[at] as number) + (weights[i] as number) * (values[row] as number) * (rowWeights === undefined ? 1 : (rowWeights[row] as number));
    }
    offset += rows * width;
  }
  return right;
}

/** The lower half of the normal equations. */
function normalMatrix(tables: readonly PairTable[], size: number, rowWeights: Float64Array | undefined): Float64Array<ArrayBuffer> {
  const matrix = new Float64Array(size * size);
  const offsets: number[] = [];
  let offset = 0;
  for (const { rows, width } of tables) {
    offsets.push(offset);
    offset += rows * width;
  }
  const points = (tables[0]?.indices.length ?? 0) >> 2;
  const places = new Int32Array(tables.length * 4);
  const shares = new Float64Array(tables.length * 4);
  for (let i = 0; i < points; i++) {
    const weight = rowWeights === undefined ? 1 : (rowWeights[i] as number);
    let count = 0;
    for (let t = 0; t < tables.length; t++) {
      const { indices, weights } = tables[t] as PairTable;
      for (let c = i * 4; c < i * 4 + 4; c++) {
        const share = weights[c] as number;
        if (share === 0) continue;
        places[count] = (offsets[t] as number) + (indices[c] as number);
        shares[count++] = share;
      }
    }
    for (let a = 0; a < count; a++) {
      const row = (places[a] as number) * size;
      const own = (shares[a] as number) * weight;
      for (let b = 0; b <= a; b++) {
        // Tables come one behind the other and corners rise, so that this is the lower half.
        const at = row + (places[b] as number);
        matrix[at] = (matrix[at] as number) + own * (shares[b] as number);
      }
    }
  }
  smooth(matrix, size, tables);
  return matrix;
}

/** Draws values to zero and to their neighbours. */
function smooth(matrix: Float64Array, size: number, tables: readonly PairTable[]): void {
  const add = (i: number, j: number, value: number): number => (matrix[i * size + j] = (matrix[i * size + j] as number) + value);
  /** `j` is behind `i`. */
  const tie = (i: number, j: number): void => {
    add(i, i, SMOOTH);
    add(j, j, SMOOTH);
    add(j, i, -SMOOTH);
  };
  let offset = 0;
  for (const { rows, width } of tables) {
    for (let at = 0; at < rows * width; at++) {
      add(offset + at, offset + at, PRIOR);
      if ((at + 1) % width !== 0) tie(offset + at, offset + at + 1);
      if (at + width < rows * width) tie(offset + at, offset + at + width);
    }
    offset += rows * width;
  }
}
