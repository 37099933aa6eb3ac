import process from 'node:process';
import { Command } from 'commander';
import { holdNursery } from '../../batch/nursery.ts';
import type { Summary } from '../../src/report/summary.ts';
import { compareReport } from '../../src/report/text.ts';
import type { Scenario } from '../../src/serving/scenario.ts';
import { drive, interruptedCode } from '../drive.ts';
import { calibrationFlag, repeated, wholeFlag } from '../flags.ts';
import { Gathered } from '../gathered.ts';
import { checkOutputs, commandLine, terminalOptions } from '../output.ts';
import { scenarioInputs } from '../outputs/inputs.ts';
import { intervalIssues, intervalOptions, typedIntervalFlags, withIntervalFlags, type IntervalFlags } from '../intervals.ts';
import { writeWhole } from '../outputs/whole.ts';
import type { ScenarioFlags } from '../scenario.ts';
import { loadOneMachine, typedFlags } from '../scenario.ts';

interface Options extends ScenarioFlags, IntervalFlags {
  readonly json?: boolean;
  readonly html?: string;
}

/** `supernode compare A B [C D]`: runs two to four scenarios and puts them side by side. */
export function command(): Command {
  const verb = new Command('compare')
    .argument('<files...>', 'two to four scenario files')
    .option('--trace <file>', 'all serve this trace')
    .option('--requests <n>', 'all serve so many requests', wholeFlag(1))
    .option('--seed <n>', 'seed of every random stream', wholeFlag(0))
    .option('--set <key=value>', 'change a key of all scenarios (repeatable)', repeated)
    .option(...calibrationFlag)
    .option('--slo <bounds>', 'service level of all, such as ttft:2s,tpot:50ms; bare numbers are ms')
    .option('--html <file>', 'write a self-contained HTML page')
    .option('--json', 'print JSON (docs/guide/simulate.md)');
  return withIntervalFlags(verb).action(async (files: readonly string[], options: Options) => {
    const gathered = new Gathered();
    if (files.length < 2 || files.length > 4) gathered.add('compare', `expected two to four scenario files, got ${files.length}`);
    for (const { path, message } of intervalIssues(options)) gathered.add(path, message);
    await gathered.attempt(() => checkOutputs({ '--html': options.html }, () => files.flatMap((file) => scenarioInputs(file, options))));
    gathered.settle();
    holdNursery();
    const scenarios = await loadAll(files, options);
    const summaries: Summary[] = [];
    let interrupted = false;
    for (const [i, scenario] of scenarios.entries()) {
      if (interrupted) break;
      const run = await drive(scenario, `${scenario.name} (${i + 1} of ${scenarios.length})`, intervalOptions(options));
      interrupted = run.interrupted;
      summaries.push(run.summary);
    }
    await write(summaries, files, interrupted, options);
    if (interrupted) process.stderr.write(`supernode: interrupted: the last of the ${summaries.length} runs shown was cut short\n`);
    process.exitCode = interrupted ? interruptedCode : 0;
  });
}

/** Every file's problems come together. */
async function loadAll(files: readonly string[], options: Options): Promise<readonly Scenario[]> {
  const gathered = new Gathered();
  const scenarios: Scenario[] = [];
  for (const file of files) {
    const scenario = await gathered.attempt(() => loadOneMachine(file, options));
    if (scenario !== undefined) scenarios.push(scenario);
  }
  gathered.settle();
  return scenarios;
}

async function write(summaries: readonly Summary[], files: readonly string[], interrupted: boolean, options: Options): Promise<void> {
  const json = { schema: 'supernode/compare/1', interrupted, runs: summaries };
  process.stdout.write(
    options.json === true
      ? `${JSON.stringify(json, null, 2)}\n`
      : `${compareReport(summaries, terminalOptions())}  ${commandLine(['compare', ...files, ...typedFlags(options), ...typedIntervalFlags(options)])}\n`,
  );
  if (options.html === undefined) return;
  const { htmlCompare } = await import('../report/html.ts');
  writeWhole(options.html, await htmlCompare(summaries));
  const told = `wrote ${options.html}\n`;
  if (options.json === true) process.stderr.write(told);
  else process.stdout.write(`\n${told}`);
}
