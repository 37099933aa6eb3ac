import { existsSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { Command } from 'commander';
import { readCells } from '../../schema/calibration.ts';
import { InputError } from '../../src/base/errors.ts';
import type { Cell } from '../../src/cost/calibration/cell.ts';
import { reportText } from '../../src/report/text.ts';
import { chipTyped, Gathered, readTables, tablesTyped } from '../calibrate/request.ts';
import { stackOfCells, stackToldBy } from '../calibrate/stack.ts';
import { validation, validationAsJson, validationReport } from '../calibrate/validated.ts';
import { loadCalibration } from '../calibration.ts';
import { parseFile } from '../data.ts';
import { repeated } from '../flags.ts';
import { commandLine, terminalOptions } from '../output.ts';
import { loadStack } from '../stacks.ts';

interface Options {
  readonly operators?: readonly string[];
  readonly points?: string;
  readonly runs?: string;
  readonly chip?: string;
  readonly stack?: string;
  readonly calibration?: string;
  readonly json?: boolean;
}

/** `supernode validate`: predictions against measurements. */
export function command(): Command {
  return new Command('validate')
    .usage('--operators <file> --chip <name> [options] | --points <file> | --runs <folder>')
    .allowUnknownOption()
    .allowExcessArguments()
    .option('--operators <file>', 'a table of operator times, gzipped or not (repeatable)', repeated)
    .option('--chip <name|file>', 'the chip that the times were measured on')
    .option('--stack <name|file>', 'the software stack that ran; by default the one that the table names, else one that prices it')
    .option('--calibration <file>', 'score cells of calibrate --out instead of what is shipped')
    .option('--points <file>', 'a table of measured serving points, scored by simulation (docs/guide/validate-serving.md)')
    .option('--runs <folder>', 'recorded runs below a folder, replayed with the same arrivals and lengths (docs/guide/validate-serving.md)')
    .option('--json', 'for machines: JSON, documented in docs/guide/calibrate.md and docs/guide/validate-serving.md')
    .action(validate);
}

async function validate(options: Options, self: Command): Promise<void> {
  if (options.points !== undefined) {
    await servingPoints(options.points, options, self);
    return;
  }
  if (options.runs !== undefined) {
    await recordedRuns(options.runs, options, self);
    return;
  }
  const gathered = new Gathered();
  const more = tablesTyped(
    self.args,
    self.options.map(({ long }) => long ?? ''),
    gathered,
  );
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

/** `validate --points`: loaded only when it is asked for. */
async function servingPoints(file: string, options: Options, self: Command): Promise<void> {
  alone('--points', options, self);
  const { validatePoints } = await import('../validate-points/points.ts');
  const { pointsAsJson, pointsReport } = await import('../validate-points/report.ts');
  const result = await validatePoints(file);
  const text = options.json === true ? pointsAsJson(result) : reportText(pointsReport(result, commandLine(['validate', '--points', file])), terminalOptions());
  process.stdout.write(`${text}\n`);
}

/** `validate --runs`: loaded only when it is asked for. */
async function recordedRuns(folder: string, options: Options, self: Command): Promise<void> {
  alone('--runs', options, self);
  const { validateRuns } = await import('../validate-runs/runs.ts');
  const { runsAsJson, runsReport } = await import('../validate-runs/report.ts');
  const judged = await validateRuns(folder);
  const text =
    options.json === true ? runsAsJson(judged, folder) : reportText(runsReport(judged, folder, commandLine(['validate', '--runs', folder])), terminalOptions());
  process.stdout.write(`${text}\n`);
}

/** Refuses flags and words that mean nothing beside `flag`. */
function alone(flag: string, options: Options, self: Command): void {
  const others = Object.keys(options).filter((name) => name !== flag.slice(2) && name !== 'json');
  const issues = [
    ...others.map((name) => ({ path: `--${name}`, message: `means nothing beside ${flag}` })),
    ...self.args.map((typed) => ({ path: typed, message: `expected nothing beside ${flag}` })),
  ];
  if (issues.length > 0) throw new InputError(issues);
}

function cellsAt(path: string): readonly Cell[] {
  if (!existsSync(path)) throw new InputError([{ path: '--calibration', message: `no such file: ${path}` }]);
  try {
    JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw new InputError([{ path, message: error instanceof Error ? error.message : 'no JSON' }]);
  }
  return readCells(parseFile(path), path);
}
