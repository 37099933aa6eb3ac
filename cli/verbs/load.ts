import process from 'node:process';
import { Command } from 'commander';
import { Filler } from '../../server/tokens/filler.ts';
import { shipped } from '../../server/tokens/shipped.ts';
import { tokenizerFrom } from '../../server/tokens/tokenizer-json.ts';
import { significant } from '../../src/base/quantity.ts';
import { measuredSummary } from '../../src/report/measured.ts';
import type { Summary } from '../../src/report/summary.ts';
import { compareReport, textReport } from '../../src/report/text.ts';
import type { Arrival } from '../../src/serving/traffic/arrival.ts';
import { requestSource } from '../../src/serving/traffic/source.ts';
import { interruptedCode } from '../drive.ts';
import { resultIn } from '../load/against.ts';
import { benchResult } from '../load/bench-result.ts';
import { StreamClient } from '../load/client.ts';
import { drive } from '../load/driver.ts';
import { pairsOf, typedOptions, withLoadFlags, type LoadFlags } from '../load/flags.ts';
import { ClientMeter } from '../load/meter.ts';
import { promptOf } from '../load/prompts.ts';
import { firstModel, targetOf, type Target } from '../load/server.ts';
import { loadOf, paceOf } from '../load/traffic.ts';
import { checkOutputs, commandLine, terminalOptions } from '../output.ts';
import { scenarioInputs, type InputFile } from '../outputs/inputs.ts';
import { writeWhole } from '../outputs/whole.ts';
import { Progress } from '../progress.ts';
import { expectServiceLevel, serviceLevelCode } from '../service-level.ts';
import { version } from '../version.ts';

/** Lateness of the client from which its report says so. [s] */
const late = 0.05;

/** Percentiles of a result file that asks for none. */
const usualPercentiles = [50, 75, 90, 95, 99];

/** `supernode load [FILE]`: sends the traffic of a scenario, a trace or a generator to a server with an OpenAI API, and reports as `simulate` does. */
export function command(): Command {
  const verb = withLoadFlags(new Command('load').argument('[file]', 'scenario file whose traffic is sent (docs/guide/scenario.md)'));
  return verb.action(async (file: string | undefined, flags: LoadFlags, self: Command) => {
    process.exitCode = await load(file, flags, commandLine(['load', ...(file === undefined ? [] : [file]), ...typedOptions(self, ['api-key'])]));
  });
}

function inputsOf(file: string | undefined, { trace, against, seed, set }: LoadFlags): readonly InputFile[] {
  return [
    ...(file === undefined ? [] : scenarioInputs(file, { trace, seed, set })),
    ...(trace === undefined ? [] : [{ path: trace, what: 'the trace that is sent' }]),
    ...(against === undefined ? [] : [{ path: against, what: 'the result that is compared with' }]),
  ];
}

/** @param again the command line that does the same, without secrets */
async function load(file: string | undefined, flags: LoadFlags, again: string): Promise<number> {
  checkOutputs({ '--html': flags.html, '--out': flags.out, '--result-filename': flags.resultFilename }, () => inputsOf(file, flags));
  const target = targetOf(flags);
  const metadata = pairsOf(flags.metadata, '--metadata');
  const against = flags.against === undefined ? undefined : resultIn(flags.against);
  const { name, workload, slo, seed } = await loadOf(file, flags);
  if (flags.failOnSlo === true) expectServiceLevel('--fail-on-slo', { slo, workload });
  const tokenizer = flags.tokenizer === undefined ? shipped : tokenizerFrom(flags.tokenizer);
  const filler = new Filler(tokenizer);
  const models = flags.model ?? [await firstModel(target, flags.readyCheckTimeoutSec)];
  const model = models.join(', ');
  const client = new StreamClient(flags.timeout * 1000, (text) => tokenizer.encode(text).length);
  const interruption = new AbortController();
  const interrupt = (): void => interruption.abort();
  process.once('SIGINT', interrupt);
  const progress = new Progress(name);
  const date = new Date();
  try {
    const ask = (request: Arrival, number: number): ReturnType<StreamClient['ask']> => {
      const body = bodyOf(target, askedFor(request, models, flags.loraModules ?? []), promptOf(filler, request, number), request.outputTokens, flags.ignoreEos);
      return client.ask({ url: target.url, headers: target.headers, body, inputTokens: request.inputTokens }, interruption.signal);
    };
    await warmUp(ask, flags.numWarmups);
    const meter = new ClientMeter(slo);
    const schedule = await drive(requestSource(workload), {
      maxConcurrency: flags.maxConcurrency ?? Infinity,
      signal: interruption.signal,
      send: async (request, number) => {
        meter.sent();
        // Warm-ups have had the first numbers: no two requests of a run are alike.
        const record = await ask(request, flags.numWarmups + number);
        if (interruption.signal.aborted) return;
        meter.ended(record, request.tenant);
        progress.update(meter.records.length / workload.requests);
      },
    });
    progress.end();
    const endedAt = meter.now;
    const measured = measuredSummary(
      {
        name: against?.scenario === name ? `${name}, measured` : name,
        server: target.base,
        model,
        workload,
        slo,
        seed,
        metrics: meter.metrics,
        requests: meter.requests,
        lastArrivalAt: schedule.lastArrivalAt,
        endedAt,
        cachedTokens: meter.cachedTokens,
      },
      version,
    );
    const interrupted = interruption.signal.aborted;
    const summary = interrupted ? { ...measured, cutShort: { ended: meter.records.length, asked: workload.requests } } : measured;
    const told =
      schedule.late > late
        ? [`the client sent a request ${significant(schedule.late)} s behind its time: it is too slow for this load, or the machine is busy`]
        : [];
    if (flags.resultFilename !== undefined) {
      const result = benchResult(meter.records, {
        date,
        backend: target.chat ? 'openai-chat' : 'openai',
        model,
        tokenizer: tokenizer.name,
        prompts: workload.requests,
        ...paceOf(workload),
        maxConcurrency: flags.maxConcurrency,
        duration: endedAt,
        slo,
        percentiles: flags.metricPercentiles ?? usualPercentiles,
        detailed: flags.saveDetailed === true,
        metadata,
        begun: meter.begun,
      });
      writeWhole(flags.resultFilename, `${JSON.stringify(result, null, 2)}\n`);
      told.push(`wrote ${flags.resultFilename}`);
    }
    await write(summary, against, interrupted, flags, told, again);
    return exitCode(summary, interrupted, flags);
  } finally {
    progress.end();
    process.off('SIGINT', interrupt);
    client.close();
  }
}

function bodyOf({ chat, extra }: Target, model: string, prompt: string, outputTokens: number, ignoreEnd: boolean): string {
  return JSON.stringify({
    model,
    ...(chat ? { messages: [{ role: 'user', content: prompt }], max_completion_tokens: outputTokens } : { prompt, max_tokens: outputTokens }),
    stream: true,
    stream_options: { include_usage: true },
    ...(ignoreEnd ? { ignore_eos: true } : {}),
    ...extra,
  });
}

/** The adapter that a request asks for, or its model; numbers beyond the names go round. */
function askedFor({ model, adapter }: Arrival, models: readonly string[], adapters: readonly string[]): string {
  const own = adapter > 0 && adapters.length > 0 ? adapters[(adapter - 1) % adapters.length] : models[model % models.length];
  return own ?? '';
}

/** Requests that open connections and wake the server, one after the other. */
async function warmUp(ask: (request: Arrival, number: number) => Promise<unknown>, count: number): Promise<void> {
  const request: Arrival = {
    arrivedAt: 0,
    inputTokens: 16,
    outputTokens: 16,
    blockTokens: 0,
    prefix: [],
    thread: -1,
    tenant: 0,
    priority: 0,
    model: 0,
    adapter: 0,
  };
  for (let i = 0; i < count; i++) await ask(request, i);
}

async function write(
  summary: Summary,
  against: Summary | undefined,
  interrupted: boolean,
  flags: LoadFlags,
  notes: readonly string[],
  again: string,
): Promise<void> {
  const result = `${JSON.stringify({ schema: 'supernode/load/1', interrupted, ...summary }, null, 2)}\n`;
  const text = `${textReport(summary, terminalOptions())}  ${again}\n`;
  const beside = against === undefined ? '' : `\n${compareReport([against, summary], terminalOptions())}`;
  process.stdout.write(flags.json === true ? result : text + beside);
  if (flags.out !== undefined) writeWhole(flags.out, result);
  const told = [...notes];
  if (flags.html !== undefined) {
    const { htmlReport, htmlCompare } = await import('../report/html.ts');
    writeWhole(flags.html, against === undefined ? await htmlReport(summary) : await htmlCompare([against, summary]));
    told.push(`wrote ${flags.html}`);
  }
  if (told.length === 0) return;
  const lines = `${told.join('\n')}\n`;
  if (flags.json === true) process.stderr.write(lines);
  else process.stdout.write(`\n${lines}`);
}

/** 1 where no request was answered, or too few meet the objectives and that was asked for. */
function exitCode({ requests, goodput }: Summary, interrupted: boolean, { failOnSlo }: LoadFlags): number {
  if (interrupted) return interruptedCode;
  if (requests.finished === 0) {
    process.stderr.write(`supernode: no request was answered\n`);
    return 1;
  }
  return failOnSlo === true ? serviceLevelCode(goodput.share, 'objectives') : 0;
}
