import { InputError } from '../base/errors.ts';
import type { Cell } from '../catalogue/cell.ts';
import { dieRates, numberFormatOf } from '../cost/calibration/die.ts';
import { familyOf } from '../cost/calibration/families/index.ts';
import type { DieRates, OperatorFamily } from '../cost/calibration/family.ts';
import { findCell } from '../cost/calibration/find.ts';
import { predictor } from '../cost/calibration/predict.ts';
import { Rates } from '../cost/rates.ts';
import type { Answer } from './answer.ts';
import type { OperatorQuestion } from './question.ts';

/** One launch as a benchmark times it: by the cell that prices it, else by the stack's rates. */
export function answerOperator(question: OperatorQuestion, cells: readonly Cell[]): Answer {
  const { time, doubts } = launchTime(question, cells);
  return { value: { time, compute: question.flop / time, bandwidth: question.bytes / time }[question.figure], doubts };
}

function launchTime({ machine, stack, class: operatorClass, format, shape, timed, roofline }: OperatorQuestion, cells: readonly Cell[]) {
  const { chip } = machine;
  const family = familyOf(operatorClass);
  const number = numberFormatOf(format);
  const found = findCell(cells, { chip, stack: stack.name, class: operatorClass, format });
  if (family !== undefined && number !== undefined && found !== undefined) {
    const die = dieRates(chip, number);
    const launch = new Rates(machine, stack).of('vector', number).floor;
    const cell = timed === 'in-step' ? inStep(family, found.cell, die, launch) : found.cell;
    return { time: predictor(family, cell, die)(shape), doubts: found.doubt === undefined ? [] : [found.doubt] };
  }
  if (roofline === undefined)
    throw new InputError([{ path: 'operator', message: `no calibrated cell of ${chip.name} or its generation prices ${operatorClass} in ${format}` }]);
  const rates = new Rates(machine, stack);
  const rate = rates.of(roofline.class, roofline.format);
  return { time: rate.floor + Math.max(roofline.flop / rate.matrix, roofline.bytes / rate.memory), doubts: rates.doubts };
}

/** A cell without what its benchmark had around the kernel. */
function inStep(family: OperatorFamily<unknown>, cell: Cell, die: DieRates, launch: number): Cell {
  const values = Float64Array.from(family.parameters, ({ name, start }) => cell.parameters[name] ?? start);
  family.inStep?.(values, die, launch);
  return { ...cell, parameters: Object.fromEntries(family.parameters.map(({ name }, i) => [name, values[i] ?? 0])) };
}
