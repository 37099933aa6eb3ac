import { ln } from '../../kernel/elementary.ts';
import { axisOf } from './axis.ts';
import type { DieRates, MeasuredRow, OperatorFamily } from './family.ts';
import { solveSymmetric } from './solve.ts';

/** Where the robust loss turns from square to linear, as a logarithmic error. */
const HUBER = 0.05;
const ROUNDS = 30;

function loss(residuals: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < residuals.length; i++) {
    const size = Math.abs(residuals[i] ?? 0);
    sum += size < HUBER ? (size * size) / (2 * HUBER) : size - HUBER / 2;
  }
  return Number.isNaN(sum) ? Infinity : sum;
}

/**
 * The parameters within their bounds that leave the least Huber loss of ln(formula / measured): damped Gauss-Newton steps on a reweighted
 * square, then a search along each parameter, which also moves those that the formula rounds. Deterministic.
 */
export function fitParameters<Shape>(family: OperatorFamily<Shape>, rows: readonly MeasuredRow<Shape>[], die: DieRates): Float64Array {
  const axes = family.parameters.map(axisOf);
  const targets = Float64Array.from(rows, ({ time }) => ln(time));
  const values = new Float64Array(axes.length);
  const toValues = (unit: Float64Array): Float64Array => {
    for (let p = 0; p < axes.length; p++) values[p] = axes[p]?.at(unit[p] ?? 0) ?? 0;
    return values;
  };
  const residualsAt = (unit: Float64Array, into: Float64Array): Float64Array => {
    const parameters = toValues(unit);
    for (let i = 0; i < rows.length; i++) into[i] = ln(family.time((rows[i] as MeasuredRow<Shape>).shape, die, parameters)) - (targets[i] ?? 0);
    return into;
  };
  const fitFrom = (start: readonly number[]): Float64Array<ArrayBuffer> => {
    let unit = Float64Array.from(axes, (axis, p) => Math.min(1, Math.max(0, axis.unit(start[p] ?? 0))));
    unit = gaussNewton(unit, residualsAt, rows.length);
    unit = alongAxes(unit, residualsAt, rows.length);
    return gaussNewton(unit, residualsAt, rows.length);
  };
  let best = fitFrom(family.parameters.map(({ start }) => start));
  if (family.parameters.some(({ also }) => also !== undefined)) {
    const buffer = new Float64Array(rows.length);
    const second = fitFrom(family.parameters.map(({ start, also }) => also ?? start));
    if (loss(residualsAt(second, buffer)) < loss(residualsAt(best, new Float64Array(rows.length)))) best = second;
  }
  return Float64Array.from(toValues(best));
}

type Residuals = (unit: Float64Array, into: Float64Array) => Float64Array;

function gaussNewton(start: Float64Array<ArrayBuffer>, residualsAt: Residuals, count: number): Float64Array<ArrayBuffer> {
  const size = start.length;
  let unit = start;
  let residuals = residualsAt(unit, new Float64Array(count));
  let best = loss(residuals);
  let damping = 1e-2;
  const columns = Array.from({ length: size }, () => new Float64Array(count));
  const moved = new Float64Array(size);
  for (let round = 0; round < ROUNDS; round++) {
    for (let p = 0; p < size; p++) {
      const step = (unit[p] ?? 0) > 0.5 ? -1e-3 : 1e-3;
      moved.set(unit);
      moved[p] = (unit[p] ?? 0) + step;
      const column = residualsAt(moved, columns[p] as Float64Array);
      for (let i = 0; i < count; i++) column[i] = ((column[i] ?? 0) - (residuals[i] ?? 0)) / step;
    }
    const { matrix, gradient } = normalEquations(columns, residuals);
    let improved = false;
    for (let attempt = 0; attempt < 6 && !improved; attempt++) {
      const step = dampedStep(matrix, gradient, unit, damping);
      const next = Float64Array.from(unit, (value, p) => Math.min(1, Math.max(0, value + (step[p] ?? 0))));
      const tried = residualsAt(next, new Float64Array(count));
      const value = loss(tried);
      if (value < best) {
        improved = best - value > 1e-4 * best;
        unit = next;
        residuals = tried;
        best = value;
        damping = Math.max(1e-6, damping / 5);
        break;
      }
      damping *= 6;
    }
    if (!improved) break;
  }
  return unit;
}

function normalEquations(columns: readonly Float64Array[], residuals: Float64Array): { readonly matrix: Float64Array; readonly gradient: Float64Array } {
  const size = columns.length;
  const weights = residuals.map((residual) => 1 / Math.max(HUBER, Math.abs(residual)));
  const matrix = new Float64Array(size * size);
  const gradient = new Float64Array(size);
  for (let p = 0; p < size; p++) {
    const left = columns[p] as Float64Array;
    for (let q = 0; q <= p; q++) {
      const right = columns[q] as Float64Array;
      let sum = 0;
      for (let i = 0; i < left.length; i++) sum += (weights[i] ?? 0) * (left[i] ?? 0) * (right[i] ?? 0);
      matrix[p * size + q] = sum;
      matrix[q * size + p] = sum;
    }
    let sum = 0;
    for (let i = 0; i < left.length; i++) sum += (weights[i] ?? 0) * (left[i] ?? 0) * (residuals[i] ?? 0);
    gradient[p] = sum;
  }
  return { matrix, gradient };
}

/** A step that leaves alone what sits at a bound and would pass it. */
function dampedStep(matrix: Float64Array, gradient: Float64Array, unit: Float64Array, damping: number): Float64Array {
  const size = gradient.length;
  const frozen = gradient.map((slope, p) => (((unit[p] ?? 0) <= 0 && slope > 0) || ((unit[p] ?? 0) >= 1 && slope < 0) ? 1 : 0));
  const damped = Float64Array.from(matrix);
  const step = gradient.map((slope, p) => (frozen[p] === 1 ? 0 : -slope));
  for (let p = 0; p < size; p++) {
    for (let q = 0; q < size; q++) if (p !== q && (frozen[p] === 1 || frozen[q] === 1)) damped[p * size + q] = 0;
    damped[p * size + p] = (damped[p * size + p] ?? 0) * (1 + damping) + 1e-9;
  }
  solveSymmetric(damped, step);
  return step;
}

function alongAxes(start: Float64Array<ArrayBuffer>, residualsAt: Residuals, count: number): Float64Array<ArrayBuffer> {
  const unit = Float64Array.from(start);
  const buffer = new Float64Array(count);
  let best = loss(residualsAt(unit, buffer));
  for (let step = 0.2; step > 0.005; step /= 2) {
    for (let p = 0; p < unit.length; p++) {
      const before = unit[p] ?? 0;
      for (const to of [before + step, before - step]) {
        const inside = Math.min(1, Math.max(0, to));
        const kept = unit[p] ?? 0;
        unit[p] = inside;
        const value = loss(residualsAt(unit, buffer));
        if (value < best) best = value;
        else unit[p] = kept;
      }
    }
  }
  return unit;
}
