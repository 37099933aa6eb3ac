import { ln } from '../../kernel/elementary.ts';
import { type Axis, axisOf } from './axis.ts';
import type { DieRates, MeasuredRow, OperatorFamily } from './family.ts';
import { thinned } from './sample.ts';
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

/** What constants cost that leave those of a sister chip, for the square of the way on their unit intervals: a tenth costs what 4 rows do that are 5 % off. */
const PULL = 20;

/** Where constants are drawn to, on their unit intervals. */
interface Pull {
  readonly to: Float64Array;
  readonly strength: Float64Array;
}

/** Rows on which the starts of a fit with several are compared. */
const TRIAL_ROWS = 400;

/**
 * The parameters within their bounds that leave the least Huber loss of ln(formula / measured): damped Gauss-Newton steps on a reweighted
 * square, then a search along each parameter, which also moves those that the formula rounds. Of several starts that goes on which does best
 * on a part of the rows. With the constants of a sister chip as `prior` the fit starts there and stays where rows do not say otherwise.
 * Deterministic.
 */
export function fitParameters<Shape>(
  family: OperatorFamily<Shape>,
  rows: readonly MeasuredRow<Shape>[],
  die: DieRates,
  prior?: Readonly<Record<string, number>>,
): Float64Array {
  const { parameters } = family;
  const axes = parameters.map(axisOf);
  const unitsOf = (start: readonly number[]): Units => Float64Array.from(axes, (axis, p) => Math.min(1, Math.max(0, axis.unit(start[p] ?? 0))));
  const holds = Float64Array.from(parameters, ({ hold }) => hold ?? 0);
  if (prior !== undefined) {
    const to = unitsOf(parameters.map(({ name, start }) => prior[name] ?? start));
    const unit = fitFrom(to, residualsOf(family, rows, die, axes), rows.length, { to, strength: holds.map((hold) => hold + PULL) });
    return Float64Array.from(axes, (axis, p) => axis.at(unit[p] ?? 0));
  }
  const others = Math.max(...parameters.map(({ also }) => also?.length ?? 0));
  const first = unitsOf(parameters.map(({ start }) => start));
  const starts = [first, ...Array.from({ length: others }, (_, i) => unitsOf(parameters.map(({ start, also }) => also?.[i] ?? start)))];
  const some = thinned(rows, TRIAL_ROWS);
  const { from, end } = others === 0 ? { from: first, end: first } : bestStart(starts, some, residualsOf(family, some, die, axes), holds);
  const unit = fitFrom(end, residualsOf(family, rows, die, axes), rows.length, { to: from, strength: holds });
  return Float64Array.from(axes, (axis, p) => axis.at(unit[p] ?? 0));
}

type Units = Float64Array<ArrayBuffer>;

/** ln(formula / measured) of every row at parameters on their unit intervals. */
function residualsOf<Shape>(family: OperatorFamily<Shape>, rows: readonly MeasuredRow<Shape>[], die: DieRates, axes: readonly Axis[]): Residuals {
  const targets = Float64Array.from(rows, ({ time }) => ln(time));
  const values = new Float64Array(axes.length);
  return (unit, into) => {
    for (let p = 0; p < axes.length; p++) values[p] = axes[p]?.at(unit[p] ?? 0) ?? 0;
    for (let i = 0; i < rows.length; i++) into[i] = ln(family.time((rows[i] as MeasuredRow<Shape>).shape, die, values)) - (targets[i] ?? 0);
    return into;
  };
}

function fitFrom(start: Units, residualsAt: Residuals, count: number, pull?: Pull): Units {
  return gaussNewton(alongAxes(gaussNewton(start, residualsAt, count, pull), residualsAt, count, pull), residualsAt, count, pull);
}

/** The start whose fit leaves the least loss, and where it ends. */
function bestStart(
  starts: readonly Units[],
  rows: readonly unknown[],
  residualsAt: Residuals,
  strength: Float64Array,
): { readonly from: Units; readonly end: Units } {
  const buffer = new Float64Array(rows.length);
  let best = { from: starts[0] as Units, end: starts[0] as Units };
  let least = Infinity;
  for (const start of starts) {
    const end = fitFrom(start, residualsAt, rows.length, { to: start, strength });
    const left = loss(residualsAt(end, buffer));
    if (left >= least) continue;
    best = { from: start, end };
    least = left;
  }
  return best;
}

type Residuals = (unit: Float64Array, into: Float64Array) => Float64Array;

/** What the way from where constants are drawn to costs. */
function pulled(unit: Float64Array, pull: Pull | undefined): number {
  if (pull === undefined) return 0;
  let sum = 0;
  for (let p = 0; p < unit.length; p++) {
    const way = (unit[p] ?? 0) - (pull.to[p] ?? 0);
    sum += (pull.strength[p] ?? 0) * way * way;
  }
  return sum;
}

function gaussNewton(start: Units, residualsAt: Residuals, count: number, pull?: Pull): Units {
  const size = start.length;
  let unit = start;
  let residuals = residualsAt(unit, new Float64Array(count));
  let best = loss(residuals) + pulled(unit, pull);
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
    if (pull !== undefined)
      for (let p = 0; p < size; p++) {
        const strength = 2 * (pull.strength[p] ?? 0);
        gradient[p] = (gradient[p] ?? 0) + strength * ((unit[p] ?? 0) - (pull.to[p] ?? 0));
        matrix[p * size + p] = (matrix[p * size + p] ?? 0) + strength;
      }
    let improved = false;
    for (let attempt = 0; attempt < 6 && !improved; attempt++) {
      const step = dampedStep(matrix, gradient, unit, damping);
      const next = Float64Array.from(unit, (value, p) => Math.min(1, Math.max(0, value + (step[p] ?? 0))));
      const tried = residualsAt(next, new Float64Array(count));
      const value = loss(tried) + pulled(next, pull);
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

function alongAxes(start: Units, residualsAt: Residuals, count: number, pull?: Pull): Units {
  const unit = Float64Array.from(start);
  const buffer = new Float64Array(count);
  let best = loss(residualsAt(unit, buffer)) + pulled(unit, pull);
  for (let step = 0.2; step > 0.005; step /= 2) {
    for (let p = 0; p < unit.length; p++) {
      const before = unit[p] ?? 0;
      for (const to of [before + step, before - step]) {
        const inside = Math.min(1, Math.max(0, to));
        const kept = unit[p] ?? 0;
        unit[p] = inside;
        const value = loss(residualsAt(unit, buffer)) + pulled(unit, pull);
        if (value < best) best = value;
        else unit[p] = kept;
      }
    }
  }
  return unit;
}
