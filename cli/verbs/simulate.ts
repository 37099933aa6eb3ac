import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { Command } from 'commander';
import { significant } from '../../src/base/quantity.ts';
import type { Summary } from '../../src/report/summary.ts';
import { textReport } from '../../src/report/text.ts';
import type { Scenario } from '../../src/serving/scenario.ts';
import { drive, interruptedCode } from '../drive.ts';
import type { Search } from '../find-rate.ts';
import { criterion, findRate, goodShare, rateOf, stoppedByServiceLevel } from '../find-rate.ts';
import { repeated, wholeFlag } from '../flags.ts';
import { checkOutputs, commandLine, terminalOptions } from '../output.ts';
import { intervalOptions, typedIntervalFlags, withIntervalFlags, type IntervalFlags } from '../intervals.ts';
import type { ScenarioFlags } from '../scenario.ts';
import { loadScenario, typedFlags } from '../scenario.ts';
import { table } from '../table.ts';

interface Options extends ScenarioFlags, IntervalFlags {
  readonly json?: boolean;
  readonly html?: string;
  readonly out?: string;
  readonly findRate?: boolean;
  readonly failOnSlo?: boolean;
}

/** `supernode simulate FILE`: runs a scenario from the first arrival to the last token and reports. */
export function command(): Command {
  const verb = new Command('simulate')
    .argument('<file>', 'scenario file (docs/guide/scenario.md)')
    .option('--trace <file>', 'serve this trace instead of the traffic of the scenario')
    .option('--requests <n>', 'serve so many requests', wholeFlag(1))
    .option('--seed <n>', 'seed of every random stream', wholeFlag(0))
    .option('--set <key=value>', 'change a key of the scenario, such as deployment.decode.npus=80 (repeatable)', repeated)
    .option('--slo <bounds>', 'service level, such as ttft:2s,tpot:50ms; bare numbers are ms')
    .option('--find-rate', 'find the highest rate that the deployment carries under the service level')
    .option('--fail-on-slo', `exit 1 when less than ${goodShare * 100} % of the requests meet the service level`)
    .option('--html <file>', 'write a self-contained HTML report')
    .option('--out <file>', 'write the JSON result to a file')
    .option('--json', 'print JSON (docs/guide/simulate.md)');
  return withIntervalFlags(verb).action(async (file: string, options: Options) => {
    checkOutputs({ '--html': options.html, '--out': options.out });
    const scenario = await loadScenario(file, options);
    process.exitCode = options.findRate === true ? await search(file, scenario, options) : await once(file, scenario, options);
  });
}

async function once(file: string, scenario: Scenario, options: Options): Promise<number> {
  const { summary, interrupted } = await drive(scenario, scenario.name, intervalOptions(options));
  const note = interruption(summary);
  await write(
    summary,
    { schema: 'supernode/simulate/1', interrupted, ...summary },
    `${textReport(summary, terminalOptions())}${reproduce(file, options)}`,
    options,
  );
  return exitCode(summary, interrupted, note, options);
}

async function search(file: string, scenario: Scenario, options: Options): Promise<number> {
  let interrupted = false;
  const found = await findRate(scenario, async (attempt, index) => {
    const run = await drive(attempt, `${scenario.name}, try ${index + 1} at ${rateOf(attempt)?.show(rateOf(attempt)?.value ?? 0)}`);
    interrupted ||= run.interrupted;
    return run;
  });
  const shown = found.best ?? found.tries.at(-1);
  const tries = found.tries.map(({ rate, passed, summary }) => ({
    rate,
    passed,
    goodput: summary.goodput,
    saturation: summary.saturation,
    throughput: summary.throughput,
  }));
  const json = { schema: 'supernode/simulate/1', interrupted, search: { criterion, rate: found.best?.rate ?? null, tries }, ...shown?.summary };
  const text = `${interrupted ? 'Interrupted: the search is not finished. ' : ''}${searchText(scenario, found)}${shown === undefined ? '' : `\n${textReport(shown.summary, terminalOptions())}`}${reproduce(file, options)}`;
  await write(shown?.summary, json, text, options);
  return exitCode(found.best?.summary, interrupted, interrupted ? 'interrupted: the search is not finished' : '', options);
}

function searchText(scenario: Scenario, found: Search): string {
  const { best, tries } = found;
  const show = rateOf(scenario)?.show ?? String;
  const rows = tries.map(({ rate, passed, summary }) => [
    show(rate),
    `${significant(summary.goodput.share * 100)} %`,
    `${significant(summary.goodput.requestsPerSecond)} /s`,
    `${significant(summary.latency.ttft.p99)} s`,
    `${significant(summary.latency.tpot.p99 * 1000)} ms`,
    summary.saturation.saturated ? 'grows' : 'steady',
    passed ? 'carried' : 'not carried',
  ]);
  const right = ['right', 'right', 'right', 'right', 'right'] as const;
  const head = best === undefined ? 'No rate that was tried is carried.' : `Highest rate: ${show(best.rate)}.`;
  const stop = stoppedByServiceLevel(found);
  const why =
    stop === undefined
      ? ''
      : ` The service level stops it, not a resource: at ${show(stop.rate)} the busiest pool is at ${significant(Math.max(...stop.summary.pools.map(({ load }) => load)) * 100)} % of what it sustains, and ${stop.summary.goodput.note}.`;
  return `${head} Criterion: ${criterion}.${why}\n\n${table(['rate', 'good', 'goodput', 'TTFT p99', 'TPOT p99', 'queue', 'verdict'], rows, { align: right, indent: 2 })}\n`;
}

function interruption({ cutShort }: Summary): string {
  return cutShort === undefined ? '' : `interrupted: this is about the ${cutShort.ended} of ${cutShort.asked} requests that had ended`;
}

function reproduce(file: string, options: Options): string {
  return `  ${commandLine(['simulate', file, ...typedFlags(options), ...typedIntervalFlags(options), ...(options.findRate === true ? ['--find-rate'] : [])])}\n`;
}

async function write(summary: Summary | undefined, json: object, text: string, options: Options): Promise<void> {
  const result = `${JSON.stringify(json, null, 2)}\n`;
  process.stdout.write(options.json === true ? result : text);
  if (options.out !== undefined) writeFileSync(options.out, result);
  if (options.html === undefined || summary === undefined) return;
  const { htmlReport } = await import('../report/html.ts');
  writeFileSync(options.html, await htmlReport(summary));
  const told = `wrote ${options.html}\n`;
  if (options.json === true) process.stderr.write(told);
  else process.stdout.write(`\n${told}`);
}

function exitCode(summary: Summary | undefined, interrupted: boolean, note: string, options: Options): number {
  if (note !== '') process.stderr.write(`supernode: ${note}\n`);
  if (interrupted) return interruptedCode;
  if (options.failOnSlo !== true) return 0;
  const share = summary?.goodput.share ?? 0;
  if (share >= goodShare) return 0;
  process.stderr.write(`supernode: ${significant(share * 100)} % of the requests meet the service level, ${goodShare * 100} % are asked for\n`);
  return 1;
}
