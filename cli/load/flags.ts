import { InvalidArgumentError, Option, type Command } from 'commander';
import { parseServiceLevel } from '../../schema/scenario/slo.ts';
import { InputError } from '../../src/base/errors.ts';
import type { ServiceLevel } from '../../src/serving/scenario.ts';
import { portFlag, repeated, wholeFlag } from '../flags.ts';
import type { ScenarioFlags } from '../scenario.ts';

/** Flags of `load` in the words of the field's clients. */
export interface LoadFlags extends ScenarioFlags {
  readonly baseUrl?: string;
  readonly host: string;
  readonly port: number;
  readonly endpoint: string;
  readonly model?: readonly string[];
  readonly loraModules?: readonly string[];
  readonly apiKey?: string;
  readonly header?: readonly string[];
  readonly extraBody?: string;
  readonly ignoreEos: boolean;
  readonly tokenizer?: string;
  readonly requestRate?: number;
  readonly burstiness?: number;
  readonly maxConcurrency?: number;
  readonly inputLen?: string;
  readonly isl?: string;
  readonly outputLen?: string;
  readonly osl?: string;
  readonly numPrompts?: number;
  readonly numWarmups: number;
  readonly goodput?: readonly string[];
  readonly timeout: number;
  readonly readyCheckTimeoutSec: number;
  readonly metricPercentiles?: readonly number[];
  readonly metadata?: readonly string[];
  readonly resultFilename?: string;
  readonly saveDetailed?: boolean;
  readonly against?: string;
  readonly json?: boolean;
  readonly out?: string;
  readonly html?: string;
  readonly failOnSlo?: boolean;
}

export function withLoadFlags(verb: Command): Command {
  return verb
    .option('--base-url <url>', 'server to ask, such as http://127.0.0.1:8000; instead of --host and --port')
    .option('--host <host>', 'where it listens', '127.0.0.1')
    .option('--port <n>', 'where it listens', portFlag(1), 8000)
    .option('--endpoint <path>', 'route: /v1/completions or /v1/chat/completions', '/v1/completions')
    .option('--model <names...>', 'models to ask for, by the numbers that requests have; the first that is served where none is given')
    .option('--lora-modules <names...>', 'adapters to ask for, by the numbers that requests have')
    .addOption(new Option('--api-key <key>', 'sent as a bearer token').env('OPENAI_API_KEY'))
    .option('--header <key=value>', 'header of every request (repeatable)', repeated)
    .option('--extra-body <json>', 'keys that every body has as well')
    .option('--no-ignore-eos', 'let answers end by themselves; they have the length of the workload otherwise')
    .option('--tokenizer <path>', 'tokenizer.json that prompts are counted by; one that is shipped where it is not given')
    .option('--trace <file>', 'send the requests of this trace')
    .option('--request-rate <rate>', 'requests per second, or inf', positiveOrInfinite)
    .option('--burstiness <shape>', 'shape of the gamma law of gaps; 1 is Poisson (default), less is burstier', positive)
    .option('--max-concurrency <n>', 'requests in flight at most', wholeFlag(1))
    .addOption(new Option('--input-len <tokens>', 'length of prompts: a number, uniform:100..2000 or lognormal:MEDIAN:SIGMA'))
    .addOption(new Option('--isl <tokens>', 'the same as --input-len').hideHelp())
    .addOption(new Option('--output-len <tokens>', 'length of answers, in the same way'))
    .addOption(new Option('--osl <tokens>', 'the same as --output-len').hideHelp())
    .option('--num-prompts <n>', 'requests to send', wholeFlag(1))
    .addOption(new Option('--requests <n>', 'the same as --num-prompts').argParser(wholeFlag(1)).hideHelp())
    .option('--num-warmups <n>', 'requests that are sent before, and not counted', wholeFlag(0), 0)
    .option('--goodput <bounds...>', 'objectives such as ttft:500 tpot:50 e2el:10000, in ms')
    .option('--slo <bounds>', 'the same as one text, such as ttft:2s,tpot:50ms; bare numbers are ms')
    .option('--seed <n>', 'seed of every random stream', wholeFlag(0))
    .option('--set <key=value>', 'change a key of the scenario (repeatable)', repeated)
    .option('--timeout <s>', 'without a sign of the server, until a request is given up', positive, 600)
    .option('--ready-check-timeout-sec <s>', 'wait so long for the server to be there', nonNegative, 0)
    .option('--metric-percentiles <list>', 'percentiles of the result file; 50,75,90,95,99 by default', percentiles)
    .option('--metadata <key=value>', 'keys of the result file (repeatable)', repeated)
    .option('--result-filename <file>', 'write a result file with the keys of vllm bench serve')
    .option('--save-detailed', 'with every request in it')
    .option('--against <file>', 'put it beside a result of simulate --out, or of another load, in one table')
    .option('--fail-on-slo', 'exit 1 when less than 90 % of the requests meet the objectives')
    .option('--html <file>', 'write a self-contained HTML report')
    .option('--out <file>', 'write the JSON result to a file')
    .option('--json', 'print JSON (docs/guide/load.md)');
}

/** Objectives of `--goodput` and `--slo`. @throws InputError where both are given, or one is wrong */
export function objectivesOf({ goodput, slo }: Pick<LoadFlags, 'goodput' | 'slo'>): ServiceLevel | undefined {
  if (goodput !== undefined && slo !== undefined) throw new InputError([{ path: '--slo', message: 'is another word for --goodput; expected one of them' }]);
  if (slo !== undefined) return parseServiceLevel(slo, '--slo');
  return goodput === undefined ? undefined : parseServiceLevel(goodput.join(',').replaceAll(/\be2el\b/g, 'e2e'), '--goodput');
}

/** `key=value` pairs. @throws InputError for one that is none */
export function pairsOf(typed: readonly string[] | undefined, flag: string): Readonly<Record<string, string>> {
  const pairs = (typed ?? []).map((one) => [one, /^([^=]+)=(.*)$/s.exec(one)] as const);
  const wrong = pairs.filter(([, match]) => match === null);
  if (wrong.length > 0) throw new InputError(wrong.map(([one]) => ({ path: flag, message: `expected key=value, got "${one}"` })));
  return Object.fromEntries(pairs.map(([, match]) => [match?.[1] ?? '', match?.[2] ?? '']));
}

/** Options of a command line as they were typed, but for secrets. */
export function typedOptions(verb: Command, secrets: readonly string[]): readonly string[] {
  return verb.options.flatMap((option) => {
    const name = option.attributeName();
    if (verb.getOptionValueSource(name) !== 'cli' || secrets.includes(option.name())) return [];
    const value: unknown = verb.getOptionValue(name);
    const flag = option.long ?? '';
    if (typeof value === 'boolean') return [flag];
    const texts = (Array.isArray(value) ? value : [value]).map((one) => (one === Infinity ? 'inf' : String(one)));
    if (option.variadic) return [flag, ...texts];
    return option.parseArg !== undefined && texts.length > 1 && name !== 'metricPercentiles' ? texts.flatMap((text) => [flag, text]) : [flag, texts.join(',')];
  });
}

function positive(typed: string): number {
  const value = Number(typed);
  if (typed.trim() === '' || !(value > 0) || value === Infinity) throw new InvalidArgumentError(`expected a number above 0, got "${typed}".`);
  return value;
}

function nonNegative(typed: string): number {
  const value = Number(typed);
  if (typed.trim() === '' || !(value >= 0) || value === Infinity) throw new InvalidArgumentError(`expected a number from 0, got "${typed}".`);
  return value;
}

function positiveOrInfinite(typed: string): number {
  return typed.trim() === 'inf' ? Infinity : positive(typed);
}

function percentiles(typed: string): readonly number[] {
  const values = typed.split(',').map(Number);
  if (typed.trim() === '' || values.some((value) => !(value > 0 && value < 100)))
    throw new InvalidArgumentError(`expected percentiles between 0 and 100 such as 50,99, got "${typed}".`);
  return values;
}
