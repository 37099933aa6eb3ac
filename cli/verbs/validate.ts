import process from 'node:process';
import { Command } from 'commander';
import { flagNamed } from '../../schema/flag-named.ts';
import { InputError, type Issue } from '../../src/base/errors.ts';
import { ledgerReport } from '../../src/ledger/report.ts';
import { reportText } from '../../src/report/text.ts';
import { tablesTyped } from '../calibrate/request.ts';
import { Gathered } from '../gathered.ts';
import { repeated } from '../flags.ts';
import { checkOutputs, commandLine, terminalOptions } from '../output.ts';
import { writeWhole } from '../outputs/whole.ts';
import { linkBounds } from '../validate/bounds.ts';
import { freshIntervals, recordedIntervals, writeIntervals } from '../validate/intervals.ts';
import { judgeAll } from '../validate/judge.ts';
import { casesAsJson } from '../validate/json.ts';
import { loadCases, shippedCases } from '../validate/load.ts';
import { validateOperators, type OperatorOptions } from '../validate/operators.ts';
import { writeRecord } from '../validate/record.ts';
import { writeTrust } from '../validate/trust.ts';

interface Options extends OperatorOptions {
  readonly points?: string;
  readonly runs?: string;
  readonly html?: string;
  readonly failOnMiss?: boolean;
  readonly record?: boolean;
  readonly recordIntervals?: boolean;
}

/** `supernode validate`: predictions against measurements. */
export function command(): Command {
  return new Command('validate')
    .usage('[folder or file of cases ...] [options] | --operators <file> --chip <name> | --points <file> | --runs <folder>')
    .argument('[paths...]', 'cases of your own; those that are shipped by default')
    .allowUnknownOption()
    .option('--operators <file>', 'instead of cases: a table of operator times, gzipped or not (repeatable)', repeated)
    .option('--chip <name|file>', 'with --operators: the chip that the times were measured on')
    .option('--stack <name|file>', 'with --operators: the software stack that ran; by default the one that the table names, else one that prices it')
    .option('--calibration <file>', 'with --operators: score cells of calibrate --out instead of what is shipped')
    .option('--points <file>', 'instead of cases: a table of measured serving points, scored by simulation (docs/guide/validate-serving.md)')
    .option('--runs <folder>', 'instead of cases: recorded runs below a folder, replayed with the same arrivals and lengths (docs/guide/validate-serving.md)')
    .option('--json', 'for machines: JSON, documented in docs/guide/validate.md, validate-serving.md and calibrate.md')
    .option('--html <file>', 'write the cases as one self-contained page with charts')
    .option('--fail-on-miss', 'exit code 1 when a case misses its tolerance')
    .option('--record', 'write the errors of the shipped cases to validation/recorded.json, and docs/trust.md')
    .option('--record-intervals', 'the same, and intervals of runs to validation/intervals.json: two to five minutes')
    .action((_paths: readonly string[], options: Options, self: Command) => validate(options, self));
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
  const known = self.options.map(({ long }) => long ?? '');
  const typed = tablesTyped(self.args, known, gathered);
  if (ofOperators.some((name) => options[name] !== undefined)) {
    for (const { path, message } of besides('--operators', options, ofOperators)) gathered.add(path, message);
    gathered.settle();
    return validateOperators(options, typed);
  }
  if ((options.record === true || options.recordIntervals === true) && typed.length > 0)
    gathered.add('--record', 'writes what is shipped: expected no cases beside it');
  gathered.settle();
  checkOutputs({ '--html': options.html }, () => typed.map((path) => ({ path, what: 'a table of cases that is read' })));
  await validateCases(options, typed);
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

/** Flags that are about tables of operator times. */
const ofOperators = ['operators', 'chip', 'stack', 'calibration'] as const;

/** Flags that mean nothing beside `flag`. @param own names of those that do */
function besides(flag: string, options: Options, own: readonly string[]): readonly Issue[] {
  const others = Object.keys(options).filter((name) => name !== 'json' && !own.includes(name));
  return others.map((name) => ({ path: flagNamed(name), message: `means nothing beside ${flag}` }));
}

/** Refuses flags and words that mean nothing beside `flag`. */
function alone(flag: string, options: Options, self: Command): void {
  const issues = [...besides(flag, options, [flag.slice(2)]), ...self.args.map((typed) => ({ path: typed, message: `expected nothing beside ${flag}` }))];
  if (issues.length > 0) throw new InputError(issues);
}

async function validateCases({ json, html, failOnMiss, record, recordIntervals }: Options, paths: readonly string[]): Promise<void> {
  const shipped = paths.length === 0;
  const results = judgeAll(await loadCases(shipped ? [shippedCases] : paths), shipped && recordIntervals !== true ? recordedIntervals : freshIntervals);
  const unpriced = results.filter(({ predicted }) => !Number.isFinite(predicted));
  if (unpriced.length > 0) throw new InputError(unpriced.map((result) => ({ path: result.case.file, message: 'the twin has no such figure of it' })));
  const reproduce = commandLine(['validate', ...paths]);
  process.stdout.write(
    json === true ? `${casesAsJson(results)}\n` : reportText(ledgerReport(results, { medium: 'terminal', bounds: linkBounds, reproduce }), terminalOptions()),
  );
  if (html !== undefined) {
    const { htmlPage } = await import('../report/html.ts');
    writeWhole(html, await htmlPage(ledgerReport(results, { medium: 'page', bounds: linkBounds, reproduce })));
    if (json === true) process.stderr.write(`wrote ${html}\n`);
    else process.stdout.write(`\nwrote ${html}\n`);
  }
  if (recordIntervals === true) writeIntervals(results);
  if (record === true || recordIntervals === true) {
    writeRecord(results);
    writeTrust(results);
  }
  if (failOnMiss === true && results.some(({ withinTolerance }) => !withinTolerance)) process.exitCode = 1;
}
