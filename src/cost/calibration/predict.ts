import { exp } from '../../kernel/elementary.ts';
import type { Cell } from './cell.ts';
import type { DieRates, OperatorFamily } from './family.ts';
import { smoothed } from './residual.ts';

/** The time of one launch by a calibrated cell: the formula times its residual, never below what the die allows. [s] */
export function predictor<Shape>(family: OperatorFamily<Shape>, cell: Pick<Cell, 'parameters' | 'residual'>, die: DieRates): (shape: Shape) => number {
  const parameters = Float64Array.from(family.parameters, ({ name, start }) => cell.parameters[name] ?? start);
  const { residual } = cell;
  if (residual === undefined) return (shape) => Math.max(family.floor(shape, die), family.time(shape, die, parameters));
  const residualAt = smoothed(residual);
  return (shape) => Math.max(family.floor(shape, die), family.time(shape, die, parameters) * exp(residualAt(family.features(shape))));
}
