import process from 'node:process';
import { Command } from 'commander';
import { holdNursery } from '../../batch/nursery.ts';
import type { Summary } from '../../src/report/summary.ts';
import { textReport } from '../../src/report/text.ts';
import type { Scenario } from '../../src/serving/scenario.ts';
import { drive, interruptedCode, withIntervals } from '../drive.ts';
import { simulateFleet } from '../fleet-result.ts';
import { driveSeeds } from '../seeds.ts';
import { criterion, findRate, rateOf } from '../find-rate.ts';
import { calibrationFlag, repeated, wholeFlag } from '../flags.ts';
import { Gathered } from '../gathered.ts';
import { commandLine, tell, terminalOptions, wrote } from '../output.ts';
import { outputPaths, withOutputFlags } from '../outputs/flags.ts';
import { scenarioInputs, type InputFile } from '../outputs/inputs.ts';
import { outputsTo, type RunOutputs } from '../outputs/outputs.ts';
import { replay } from '../replay.ts';
import { intervalOptions, typedIntervalFlags, withIntervalFlags } from '../intervals.ts';
import { writeWhole } from '../outputs/whole.ts';
import { isOfFleet, loadScenario, typedFlags } from '../scenario.ts';
import { expectServiceLevel, goodShare, serviceLevelCode } from '../service-level.ts';
import { refuseFleetFlags, sourceOf, type SimulateFlags as Options, type Source } from '../simulate/flags.ts';
import { searchText } from '../simulate/search-text.ts';
import { version } from '../version.ts';

/** `supernode simulate FILE`: runs a scenario from the first arrival to the last token and reports. */
export function command(): Command {
  const verb = new Command('simulate')
    .argument('[file]', 'scenario file (docs/guide/scenario.md)')
    .option('--trace <file>', 'serve this trace instead of the traffic of the scenario')
    .option('--requests <n>', 'serve so many requests', wholeFlag(1))
    .option('--seed <n>', 'seed of every random stream', wholeFlag(0))
    .option('--seeds <n>', 'run so many seeds, from that one on, and tell means with their confidence', wholeFlag(2))
    .option('--threads <n>', 'worker threads for seeds and fleets (one for each core)', wholeFlag(1))
    .option('--runs <folder>', 'where machines of a fleet that are done are kept until all are (.supernode)')
    .option('--set <key=value>', 'change a key of the scenario, such as deployment.decode.npus=80 (repeatable)', repeated)
    .option(...calibrationFlag)
    .option('--slo <bounds>', 'service level, such as ttft:2s,tpot:50ms; bare numbers are ms')
    .option('--find-rate', 'find the highest rate that the deployment carries under the service level')
    .option('--fail-on-slo', `exit 1 when less than ${goodShare * 100} % of the requests meet the service level`)
    .option('--html <file>', 'write a self-contained HTML report')
    .option('--out <file>', 'write the JSON result to a file')
    .option('--json', 'print JSON (docs/guide/simulate.md)')
    .option('--replay <log>', 'run an event log again and compare every event (docs/guide/outputs.md)');
  return withOutputFlags(withIntervalFlags(verb)).action(async (file: string | undefined, options: Options) => {
    const gathered = new Gathered();
    const fleet = (await gathered.attempt(() => file !== undefined && options.replay === undefined && isOfFleet(file, options))) ?? false;
    const source = await gathered.attempt(() => sourceOf(file, options, fleet));
    const paths = await gathered.attempt(() => outputPaths(options, { '--html': options.html, '--out': options.out }, () => inputsOf(source, options)));
    gathered.settle();
    if (source === undefined || paths === undefined) return;
    const outputs = outputsTo(paths);
    holdNursery();
    if (source.kind === 'log') process.exitCode = await again(source.path, options, outputs);
    else {
      const scenario = await loadScenario(source.path, options);
      checkServiceLevel(scenario, options);
      if (scenario.fleet !== undefined) process.exitCode = await simulateFleet(source.path, { ...scenario, fleet: scenario.fleet }, options);
      else {
        refuseFleetFlags(options);
        process.exitCode = options.findRate === true ? await search(source.path, scenario, options) : await once(source.path, scenario, options, outputs);
      }
    }
  });
}

function inputsOf(source: Source | undefined, options: Options): readonly InputFile[] {
  if (source === undefined) return [];
  return source.kind === 'log' ? [{ path: source.path, what: 'the log that is run again' }] : scenarioInputs(source.path, options);
}

/** @throws InputError where `--fail-on-slo` has nothing to go by */
function checkServiceLevel(scenario: Scenario, { failOnSlo }: Options): void {
  if (failOnSlo === true) expectServiceLevel('--fail-on-slo', scenario);
}

async function once(file: string, scenario: Scenario, options: Options, outputs: RunOutputs | undefined): Promise<number> {
  const { seeds, threads } = options;
  const intervals = intervalOptions(options);
  const { summary, interrupted } =
    seeds === undefined
      ? await drive(scenario, scenario.name, intervals, outputs)
      : await driveSeeds(scenario, { seeds, threads, intervals, observer: outputs });
  const note = interruption(summary) || (interrupted ? `interrupted: ${summary.seeds?.seeds.length ?? 1} of ${seeds ?? 1} seeds were finished` : '');
  await write(
    summary,
    { schema: 'supernode/simulate/1', interrupted, ...summary },
    `${textReport(summary, terminalOptions())}${reproduce([file, ...typedFlags(options)], options)}`,
    options,
    outputs?.told,
  );
  return exitCode(summary, interrupted, note, options);
}

async function again(path: string, options: Options, outputs: RunOutputs | undefined): Promise<number> {
  const { log, run, summary, records, difference, interrupted } = await replay(path, outputs, (scenario) => checkServiceLevel(scenario, options));
  if (difference !== undefined) {
    const other = log.version === version ? '' : `\n  the log is of version ${log.version}, this is ${version}`;
    process.stderr.write(`supernode: ${path}: ${difference}${other}\n`);
    return 1;
  }
  const drawn = intervalOptions(options);
  const whole = drawn === undefined || interrupted || log.end.interrupted ? summary : await withIntervals(run, summary, drawn);
  const end = log.end.interrupted ? 'the log was cut short: its end is not compared' : 'and so is the summary';
  const told = interrupted ? `interrupted: ${records} of ${log.end.records} records are equal` : `replayed ${path}: all ${records} records are equal, ${end}`;
  await write(
    whole,
    { schema: 'supernode/simulate/1', interrupted: interrupted || log.end.interrupted, ...whole },
    `${textReport(whole, terminalOptions())}${reproduce(['--replay', path], options)}`,
    options,
    [told, ...(outputs?.told ?? [])],
  );
  return exitCode(whole, interrupted, '', options);
}

async function search(file: string, scenario: Scenario, options: Options): Promise<number> {
  let interrupted = false;
  const found = await findRate(scenario, async (attempt, index) => {
    const run = await drive(attempt, `${scenario.name}, try ${index + 1} at ${rateOf(attempt)?.show(rateOf(attempt)?.value ?? 0)}`);
    interrupted ||= run.interrupted;
    return run;
  });
  const shown = found.best ?? found.tries.at(-1);
  const tries = found.tries.map(({ rate, passed, tooShort, summary }) => ({
    rate,
    passed,
    tooShort,
    goodput: summary.goodput,
    saturation: summary.saturation,
    throughput: summary.throughput,
  }));
  const json = { schema: 'supernode/simulate/1', interrupted, search: { criterion, rate: found.best?.rate ?? null, tries }, ...shown?.summary };
  const text = `${interrupted ? 'Interrupted: the search is not finished. ' : ''}${searchText(scenario, found)}${shown === undefined ? '' : `\n${textReport(shown.summary, terminalOptions())}`}${reproduce([file, ...typedFlags(options)], options)}`;
  await write(shown?.summary, json, text, options);
  return exitCode(found.best?.summary, interrupted, interrupted ? 'interrupted: the search is not finished' : '', options);
}

function interruption({ cutShort }: Summary): string {
  return cutShort === undefined ? '' : `interrupted: this is about the ${cutShort.ended} of ${cutShort.asked} requests that had ended`;
}

function seedFlags({ seeds }: Options): readonly string[] {
  return seeds === undefined ? [] : ['--seeds', `${seeds}`];
}

function reproduce(source: readonly string[], options: Options): string {
  return `  ${commandLine(['simulate', ...source, ...typedIntervalFlags(options), ...seedFlags(options), ...(options.findRate === true ? ['--find-rate'] : [])])}\n`;
}

async function write(summary: Summary | undefined, json: object, text: string, options: Options, notes: readonly string[] = []): Promise<void> {
  const result = `${JSON.stringify(json, null, 2)}\n`;
  process.stdout.write(options.json === true ? result : text);
  if (options.out !== undefined) writeWhole(options.out, result);
  if (options.html !== undefined && summary !== undefined) {
    const { htmlReport } = await import('../report/html.ts');
    writeWhole(options.html, await htmlReport(summary));
  }
  tell([...notes, ...wrote({ out: options.out, html: summary === undefined ? undefined : options.html })], options.json === true);
}

function exitCode(summary: Summary | undefined, interrupted: boolean, note: string, options: Options): number {
  if (note !== '') process.stderr.write(`supernode: ${note}\n`);
  if (interrupted) return interruptedCode;
  return options.failOnSlo === true ? serviceLevelCode(summary?.goodput.share ?? 0) : 0;
}
