import { statSync } from 'node:fs';
import process from 'node:process';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { Command } from 'commander';
import { traceFormats } from '../../schema/traces/format.ts';
import { traceLines, writtenFormats } from '../../schema/traces/write.ts';
import { InputError } from '../../src/base/errors.ts';
import { expectedOneOf } from '../../src/base/nearest.ts';
import { traceOf } from '../../src/serving/traffic/columns.ts';
import { sessionStatistics } from '../../src/serving/traffic/session-statistics.ts';
import { traceStatistics } from '../../src/serving/traffic/statistics.ts';
import { Gathered } from '../gathered.ts';
import { refusal } from '../file-problem.ts';
import { wholeFlag } from '../flags.ts';
import { checkOutputs } from '../output.ts';
import { OutputFile } from '../outputs/file.ts';
import { factInputs } from '../outputs/inputs.ts';
import { generatedWorkloads, type GenerationFlags, readGeneration } from '../traces/generation.ts';
import { chartColumns, inspectionAsJson, inspectionAsText } from '../traces/inspection.ts';
import { loadServeGen } from '../servegen.ts';
import { poolAsJson, poolAsText } from '../traces/pool-inspection.ts';
import { sessionsAsJson, sessionsAsText } from '../traces/session-inspection.ts';
import { readTraceFile } from '../traces.ts';

/** `supernode trace inspect FILE` and `supernode trace generate`. */
export function command(): Command {
  const inspect = new Command('inspect')
    .summary('show rate, lengths and prefix reuse of a trace')
    .argument('<file>', 'trace file, gzipped or not, or a folder of client pools')
    .option('--format <format>', `${traceFormats.map(({ name }) => name).join(', ')}; by default what the first line tells`)
    .option('--pool <name>', 'which client pool of a folder')
    .option('--json', 'for machines: JSON, documented in docs/guide/traces.md')
    .action(inspectTrace);
  const generate = new Command('generate')
    .summary('write a trace of made-up requests')
    .option('--workload <name>', 'lengths, burstiness and reuse of one of the workloads below, or of a file')
    .option('--input <law>', 'prompt lengths: 1000, uniform:100..2000, lognormal:MEDIAN:SIGMA[:MAX]')
    .option('--output <law>', 'output lengths, likewise')
    .option('--rate <rate>', 'mean rate of arrivals, such as 10/s')
    .option('--cv <number>', 'coefficient of variation of the gaps: 1 is Poisson, more is burstier')
    .option('--requests <n>', 'how many', wholeFlag(1), 1000)
    .option('--seed <n>', 'seed of every random stream', wholeFlag(0), 1)
    .option('--format <format>', `${writtenFormats.join(' or ')}; by default mooncake where prompts share prefixes, else csv`)
    .option('--out <file>', 'where to write, gzipped if it ends with .gz; by default stdout')
    .addHelpText('after', () => `\nWorkloads: ${generatedWorkloads().join(', ')}`)
    .action(generateTrace);
  const trace: Command = new Command('trace').addCommand(inspect).addCommand(generate);
  return trace.allowExcessArguments().action(() => {
    const [typed] = trace.args;
    if (typed === undefined) return trace.help();
    throw new InputError([{ path: 'trace', message: expectedOneOf(typed, ['inspect', 'generate']) }]);
  });
}

async function inspectTrace(path: string, options: { readonly format?: string; readonly json?: boolean; readonly pool?: string }): Promise<void> {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() === true) {
    const pool = await loadServeGen(path, { name: options.pool, from: undefined, span: undefined }, path);
    process.stdout.write(`${(options.json === true ? poolAsJson : poolAsText)(path, pool)}\n`);
    return;
  }
  if (options.pool !== undefined) throw new InputError([{ path: '--pool', message: `belongs to a folder of client pools, and ${path} is none` }]);
  const { format, content } = await readTraceFile(path, options.format);
  const asJson = options.json === true;
  const text =
    content.kind === 'requests'
      ? (asJson ? inspectionAsJson : inspectionAsText)(path, format, traceStatistics(content.columns, chartColumns))
      : (asJson ? sessionsAsJson : sessionsAsText)(path, format, sessionStatistics(content.sessions));
  process.stdout.write(`${text}\n`);
}

async function generateTrace(flags: GenerationFlags): Promise<void> {
  const gathered = new Gathered();
  const generation = await gathered.attempt(() => readGeneration(flags));
  await gathered.attempt(() => checkOutputs({ '--out': flags.out }, () => factInputs([flags.workload], 'the workload that is drawn'), [flags.out]));
  gathered.settle();
  if (generation === undefined) return;
  const { workload, format } = generation;
  const columns = traceOf(workload);
  const text = pages(traceLines(columns, format));
  if (flags.out === undefined) {
    try {
      await pipeline(Readable.from(text), process.stdout, { end: false });
    } catch (error) {
      // Whoever reads has read enough, as `head` does, or stdout is told of as it is for every verb (main.ts).
      if (refusal(error) === undefined) throw error;
    }
    return;
  }
  const file = new OutputFile(flags.out);
  try {
    for (const page of text) {
      file.write(page);
      await file.drain();
    }
    await file.close();
  } catch (error) {
    file.abort();
    throw error;
  }
  process.stderr.write(`${columns.count.toLocaleString('en-US')} requests (${format}) in ${flags.out}\n`);
}

/** Lines joined into pages, as a stream has a price per piece. */
function* pages(lines: Iterable<string>): Generator<string, void, undefined> {
  let page = '';
  for (const line of lines) {
    page += `${line}\n`;
    if (page.length > 65_536) {
      yield page;
      page = '';
    }
  }
  yield page;
}
