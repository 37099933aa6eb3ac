import { exp, ln } from '../../kernel/elementary.ts';
import type { Cell, CellKey, Score } from './cell.ts';
import { measuredDie } from './die.ts';
import { sift } from './exclude.ts';
import type { DieRates, FittedParameter, MeasuredRow, OperatorFamily } from './family.ts';
import { fitParameters } from './fit.ts';
import { foldsOf } from './fold.ts';
import { predictor } from './predict.ts';
import { smoothed } from './residual.ts';
import { scatterOf } from './scatter.ts';
import { stepOf, valueAt } from './axis.ts';
import { fitResiduals, type ResidualSize } from './fit-residual.ts';
import { thinned } from './sample.ts';
import { errorOf, gates, scoreOf } from './score.ts';

export interface CalibrationOptions {
  /** Folds that hold out whole groups. */
  readonly folds: number;
  /** Up to this many groups are held out one by one instead: two in one fold may be all that tell a kernel from another. */
  readonly fewGroups: number;
  /** Sizes of the residual to choose from by the held-out error; each value that it ships must pay for itself. */
  readonly residuals: readonly ResidualSize[];
  /** A cell of a sister chip whose constants the fit is drawn to where rows do not say otherwise. */
  readonly prior?: Cell | undefined;
  /** Rows that a fit of parameters, and of the residual, looks at. */
  readonly parameterRows: number;
  readonly residualRows: number;
}

export const defaultCalibration: CalibrationOptions = {
  folds: 5,
  fewGroups: 12,
  residuals: [
    { tables: 0, knots: 5 },
    ...[5, 7].flatMap((knots) => [1, 2, 3, 4, 5, 6, 8, 12].map((tables) => ({ tables, knots }))),
    ...[1, 2, 3, 4].map((tables) => ({ tables, knots: 10 })),
  ],
  parameterRows: 1500,
  residualRows: 16_000,
};

/** A cell, and what the rule left out of it by reason. */
export interface Calibration<Shape> {
  readonly cell: Cell;
  readonly kept: readonly MeasuredRow<Shape>[];
  readonly left: ReadonlyMap<string, number>;
}

/**
 * Fits a cell to measured rows. The held-out error is that of fits which saw none of the rows' groups; the size of the residual is chosen by
 * it. With fewer than two groups nothing can be held out and the score has no rows.
 */
export function calibrateCell<Shape>(
  family: OperatorFamily<Shape>,
  key: CellKey,
  rows: readonly MeasuredRow<Shape>[],
  die: DieRates,
  source: string,
  leftOut: ReadonlyMap<string, number> = new Map(),
  options: CalibrationOptions = defaultCalibration,
): Calibration<Shape> {
  const { kept, left: sifted } = sift(family, rows, die);
  const left = new Map(leftOut);
  for (const [reason, count] of sifted) left.set(reason, (left.get(reason) ?? 0) + count);

  const groups = new Map(kept.map((row) => [row, family.group(row.shape)]));
  const several = new Set(groups.values()).size;
  const folds = foldsOf(kept, (row) => groups.get(row) ?? '', several <= options.fewGroups ? several : options.folds).map(({ seen, held }) => ({
    held,
    models: modelsOf(family, seen, die, options),
  }));
  const counts = (row: MeasuredRow<Shape>): boolean => family.gated?.(row.shape) ?? true;
  const choice = bestChoice(
    choiceScores(family, folds, die, counts, options.residuals.length),
    folds.map(({ models }) => models),
  );
  const errors: number[] = [];
  const apart: number[] = [];
  for (const { held, models } of folds) {
    const predictHeld = predictor(family, models[choice] as Model, die);
    for (const row of held) (counts(row) ? errors : apart).push(errorOf(predictHeld(row.shape), row.time));
  }
  const held = { heldOut: scoreOf(errors), reported: scoreOf(apart) };
  const model = modelsOf(family, kept, die, { ...options, residuals: options.residuals.slice(choice, choice + 1) })[0] as Model;
  const predict = predictor(family, model, die);
  const fit = scoreOf(kept.filter(counts).map((row) => errorOf(predict(row.shape), row.time)));
  const excluded = [...left.values()].reduce((sum, count) => sum + count, 0);
  const cell: Cell = {
    ...key,
    generation: die.chip.generation,
    die: measuredDie(die.chip),
    parameters: model.parameters,
    ...(model.residual === undefined ? {} : { residual: model.residual }),
    fit: shortened(fit),
    heldOut: shortened(held.heldOut),
    ...(held.reported.rows > 0 ? { reported: shortened(held.reported) } : {}),
    scatter: shortened(scatterOf(family, kept.filter(counts))),
    excluded,
    source,
  };
  return { cell, kept, left };
}

/** Held-out rows of a fold that the size of the residual is chosen on. */
const CHOICE_ROWS = 10_000;

/** The held-out error with each size of the residual; of rows that count, or of all where none does. */
function choiceScores<Shape>(
  family: OperatorFamily<Shape>,
  folds: readonly { readonly held: readonly MeasuredRow<Shape>[]; readonly models: readonly Model[] }[],
  die: DieRates,
  counts: (row: MeasuredRow<Shape>) => boolean,
  choices: number,
): readonly Score[] {
  const errors = Array.from({ length: choices }, (): number[] => []);
  for (const { held, models } of folds) {
    const [first] = models;
    const residuals = models.map(({ residual }) => (residual === undefined ? () => 0 : smoothed(residual)));
    const counted = held.filter(counts);
    const parameters = Float64Array.from(family.parameters, ({ name, start }) => first?.parameters[name] ?? start);
    for (const { shape, time } of thinned(counted.length > 0 ? counted : held, CHOICE_ROWS)) {
      const formula = family.time(shape, die, parameters);
      const floor = family.floor(shape, die);
      const features = family.features(shape);
      residuals.forEach((residual, choice) => errors[choice]?.push(errorOf(Math.max(floor, formula * exp(residual(features))), time)));
    }
  }
  return errors.map(scoreOf);
}

type Model = Pick<Cell, 'parameters' | 'residual'>;

/** Rows under which a cell has no residual. */
const FEWEST = 16;

/** One model for each size of the residual; they share their parameters. */
function modelsOf<Shape>(family: OperatorFamily<Shape>, all: readonly MeasuredRow<Shape>[], die: DieRates, options: CalibrationOptions): readonly Model[] {
  const seen = all.filter(({ shape }) => family.fitted?.(shape) ?? true);
  const rows = seen.length === 0 ? all : seen;
  const fitted = fitParameters(family, thinned(rows, options.parameterRows), die, options.prior?.parameters);
  const values = fitted.map((value, p) => valueAt(family.parameters[p] as FittedParameter, stepOf(family.parameters[p] as FittedParameter, value)));
  const parameters = Object.fromEntries(family.parameters.map(({ name }, p): [string, number] => [name, values[p] ?? 0]));
  const sampled = thinned(rows, options.residualRows);
  const sample = {
    points: sampled.map(({ shape }) => family.features(shape)),
    values: Float64Array.from(sampled, ({ shape, time }) => ln(time / family.time(shape, die, values))),
  };
  if (sampled.length < FEWEST) return options.residuals.map(() => ({ parameters }));
  return fitResiduals(sample, options.residuals).map((residual) => (residual === undefined ? { parameters } : { parameters, residual }));
}

/** How far each error is on its way to its gate, and half a gate more for each that is missed. */
function badness({ median, p90, p99 }: Score): number {
  const ways = [median / gates.median, p90 / gates.p90, p99 / gates.p99];
  return ways.reduce((sum, way) => sum + way / ways.length + (way > 1 ? 0.5 : 0), 0);
}

/** What a value must take off the badness to be worth its place. */
const VALUE_PRICE = 6e-4;

function bestChoice(scores: readonly Score[], models: readonly (readonly Model[])[]): number {
  let best = 0;
  let least = Infinity;
  scores.forEach((score, choice) => {
    const counts = models.map((own) => own[choice]?.residual?.tables.reduce((sum, { values }) => sum + values.length, 0) ?? 0);
    const cost = badness(score) + VALUE_PRICE * Math.max(0, ...counts);
    if (cost < least) {
      least = cost;
      best = choice;
    }
  });
  return best;
}

function shortened({ rows, median, p90, p99 }: Score): Score {
  const short = (value: number): number => Math.round(value * 1e4) / 1e4;
  return { rows, median: short(median), p90: short(p90), p99: short(p99) };
}
