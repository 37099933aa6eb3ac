import process from 'node:process';
import { InputError } from '../../src/base/errors.ts';
import { reportText } from '../../src/report/text.ts';
import { chipTyped, readTables } from '../calibrate/request.ts';
import { Gathered } from '../gathered.ts';
import { stackOfCells, stackToldBy } from '../calibrate/stack.ts';
import { validation, validationAsJson, validationReport } from '../calibrate/validated.ts';
import { loadCalibration } from '../calibration.ts';
import { commandLine, terminalOptions } from '../output.ts';
import { cellsAt } from '../own-cells.ts';
import { loadStack } from '../stacks.ts';

/** Flags of `validate --operators`. */
export interface OperatorOptions {
  readonly operators?: readonly string[];
  readonly chip?: string;
  readonly stack?: string;
  readonly calibration?: string;
  readonly json?: boolean;
}

/** Scores tables of operator times against calibrated cells; `more` is what was typed beside flags. */
export async function validateOperators(options: OperatorOptions, more: readonly string[]): Promise<void> {
  const gathered = new Gathered();
  for (const typed of more) gathered.add(typed, 'expected a flag; a table goes behind --operators');
  const chip = await chipTyped(options.chip, gathered);
  const { stack: stackName, calibration } = options;
  const named = stackName === undefined ? undefined : await gathered.attempt(() => loadStack(stackName, '--stack'));
  const cells = await gathered.attempt(() => (calibration === undefined ? loadCalibration() : cellsAt(calibration)));
  const tables = await readTables(options.operators ?? [], '--operators', gathered);
  gathered.settle();
  if (chip === undefined || cells === undefined) return;

  const [first] = tables;
  const stack = named?.name ?? (first === undefined ? undefined : stackToldBy(first)) ?? stackOfCells(tables, cells, chip);
  const result = validation(tables, cells, chip, stack ?? '');
  if (result.cells.length === 0) {
    const wanted = result.unpriced.map(({ class: name, format }) => `${name} in ${format}`).join(', ');
    throw new InputError([{ path: '--chip', message: `no calibrated cell of ${chip.name} or its generation prices ${wanted}` }]);
  }
  const text =
    options.json === true
      ? validationAsJson(tables, result)
      : reportText(validationReport(tables, result, commandLine(['validate', ...process.argv.slice(3)])), terminalOptions());
  process.stdout.write(`${text}\n`);
}
