import { ln } from '../../kernel/elementary.ts';
import type { Cell, CellKey, Residual, Score } from './cell.ts';
import { sift } from './exclude.ts';
import type { DieRates, MeasuredRow, OperatorFamily } from './family.ts';
import { fitParameters } from './fit.ts';
import { foldsOf } from './fold.ts';
import { predictor } from './predict.ts';
import { fitResidual, type ResidualSize } from './fit-residual.ts';
import { thinned } from './sample.ts';
import { errorOf, gates, scoreOf } from './score.ts';

export interface CalibrationOptions {
  /** Folds that hold out whole groups. */
  readonly folds: number;
  /** Sizes of the residual to choose from, ascending: the smallest that comes near the best held-out error is taken. */
  readonly residuals: readonly ResidualSize[];
  /** Rows that a fit of parameters, and of the residual, looks at. */
  readonly parameterRows: number;
  readonly residualRows: number;
}

export const defaultCalibration: CalibrationOptions = {
  folds: 5,
  residuals: [
    { tables: 0, knots: 0 },
    { tables: 2, knots: 6 },
    { tables: 3, knots: 7 },
    { tables: 4, knots: 8 },
    { tables: 3, knots: 10 },
    { tables: 6, knots: 7 },
    { tables: 8, knots: 8 },
  ],
  parameterRows: 1500,
  residualRows: 6000,
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
  const folds = foldsOf(kept, (row) => groups.get(row) ?? '', options.folds).map(({ seen, held }) => ({
    held,
    models: modelsOf(family, seen, die, options),
  }));
  const counts = (row: MeasuredRow<Shape>): boolean => family.gated?.(row.shape) ?? true;
  const scored = options.residuals.map((_, choice) => {
    const errors: number[] = [];
    const apart: number[] = [];
    for (const { held, models } of folds) {
      const predict = predictor(family, models[choice] as Model, die);
      for (const row of held) (counts(row) ? errors : apart).push(errorOf(predict(row.shape), row.time));
    }
    return { heldOut: scoreOf(errors), reported: scoreOf(apart) };
  });
  const choice = fewestNearBest(scored.map(({ heldOut, reported }) => (heldOut.rows > 0 ? heldOut : reported)));
  const model = modelsOf(family, kept, die, { ...options, residuals: options.residuals.slice(choice, choice + 1) })[0] as Model;
  const predict = predictor(family, model, die);
  const fit = scoreOf(kept.filter(counts).map((row) => errorOf(predict(row.shape), row.time)));
  const held = scored[choice] ?? { heldOut: scoreOf([]), reported: scoreOf([]) };
  const excluded = [...left.values()].reduce((sum, count) => sum + count, 0);
  const cell: Cell = {
    ...key,
    generation: die.chip.generation,
    parameters: model.parameters,
    ...(model.residual === undefined ? {} : { residual: model.residual }),
    fit: shortened(fit),
    heldOut: shortened(held.heldOut),
    ...(held.reported.rows > 0 ? { reported: shortened(held.reported) } : {}),
    excluded,
    source,
  };
  return { cell, kept, left };
}

type Model = Pick<Cell, 'parameters' | 'residual'>;

/** Rows under which a cell has no residual. */
const FEWEST = 16;

/** One model for each size of the residual; they share their parameters. */
function modelsOf<Shape>(family: OperatorFamily<Shape>, all: readonly MeasuredRow<Shape>[], die: DieRates, options: CalibrationOptions): readonly Model[] {
  const seen = all.filter(({ shape }) => family.fitted?.(shape) ?? true);
  const rows = seen.length === 0 ? all : seen;
  const fitted = fitParameters(family, thinned(rows, options.parameterRows), die);
  const values = fitted.map((value) => Number(value.toPrecision(4)));
  const parameters = Object.fromEntries(family.parameters.map(({ name }, p): [string, number] => [name, values[p] ?? 0]));
  const sampled = thinned(rows, options.residualRows);
  const sample = {
    points: sampled.map(({ shape }) => family.features(shape)),
    values: Float64Array.from(sampled, ({ shape, time }) => ln(time / family.time(shape, die, values))),
  };
  return options.residuals.map((size): Model => {
    const residual: Residual | undefined = sampled.length < FEWEST ? undefined : fitResidual(sample, size);
    return residual === undefined ? { parameters } : { parameters, residual };
  });
}

/** The first choice that is within a few percent of the best one, each error measured against its gate. */
function fewestNearBest(scores: readonly Score[]): number {
  const badness = scores.map(({ median, p90, p99 }) => median / gates.median + p90 / gates.p90 + p99 / gates.p99);
  const best = Math.min(...badness);
  return Math.max(
    0,
    badness.findIndex((value) => value <= 1.04 * best),
  );
}

function shortened({ rows, median, p90, p99 }: Score): Score {
  const short = (value: number): number => Math.round(value * 1e4) / 1e4;
  return { rows, median: short(median), p90: short(p90), p99: short(p99) };
}
