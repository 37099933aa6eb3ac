import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { loadTrace } from '../cli/traces.ts';
import { stream } from '../src/kernel/random.ts';
import { gamma } from '../src/kernel/variates.ts';
import { traceStatistics } from '../src/serving/traffic/statistics.ts';
import type { TraceColumns } from '../src/serving/traffic/workload.ts';

/** Lengths in rising order, each with the share of requests at or below it. */
export interface LengthTable {
  readonly lengths: readonly number[];
  readonly cumulative: readonly number[];
  readonly mean: number;
}

/** What a preset is fitted to. */
export interface WorkloadSource {
  readonly input: LengthTable;
  readonly output: LengthTable;
  readonly cv: number;
  /** Hits of a cache without bound, where the trace has blocks. */
  readonly hitShare?: number | undefined;
}

export const traceRoot: string = fileURLToPath(new URL('../../shared/traces/', import.meta.url));

/** Whether the published traces are beside the checkout. */
export const sourcesHere: boolean = existsSync(traceRoot);

/** The least length with at least `share` of the requests at or below it. */
export function lengthAt({ lengths, cumulative }: LengthTable, share: number): number {
  const at = cumulative.findIndex((value) => value >= share - 1e-12);
  return lengths[at === -1 ? lengths.length - 1 : at] ?? 0;
}

/** Of values with their weights. */
export function tableOf(weights: ReadonlyMap<number, number>): LengthTable {
  const lengths = [...weights.keys()].sort((a, b) => a - b);
  const total = lengths.reduce((sum, length) => sum + (weights.get(length) ?? 0), 0);
  let below = 0;
  const cumulative = lengths.map((length) => (below += weights.get(length) ?? 0) / total);
  return { lengths, cumulative, mean: lengths.reduce((sum, length) => sum + length * (weights.get(length) ?? 0), 0) / total };
}

function countOf(tokens: Int32Array): ReadonlyMap<number, number> {
  const weights = new Map<number, number>();
  for (const length of tokens) weights.set(length, (weights.get(length) ?? 0) + 1);
  return weights;
}

async function traced(file: string, cv: (columns: TraceColumns) => number): Promise<WorkloadSource> {
  const columns = await loadTrace(traceRoot + file);
  return {
    input: tableOf(countOf(columns.inputTokens)),
    output: tableOf(countOf(columns.outputTokens)),
    cv: cv(columns),
    hitShare: traceStatistics(columns).reuse?.hitShare,
  };
}

const gapVariation = (columns: TraceColumns) => traceStatistics(columns).gapVariation;

/** Root of variance over mean of the arrivals in windows of so many seconds: that of a renewal process tends to its gaps' variation. */
function countVariation({ arrivedAt }: TraceColumns, window: number): number {
  const windows = Math.floor((arrivedAt.at(-1) ?? 0) / window);
  const counts = new Float64Array(windows);
  for (const time of arrivedAt) if (time < windows * window) counts[Math.floor(time / window)]! += 1;
  const mean = counts.reduce((sum, count) => sum + count, 0) / windows;
  return Math.sqrt(counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / windows / mean);
}

interface ClientWindow {
  readonly client: string;
  readonly start: number;
  readonly rate: number;
  readonly cv: number;
}

function gunzipped(file: string): string {
  return gunzipSync(readFileSync(traceRoot + file)).toString('utf8');
}

/** The clients of a pool, each with its rate and lengths of every window, as one mixture of requests. */
function pooled(name: string): WorkloadSource {
  const windows = gunzipped(`servegen/${name}.trace.csv.gz`)
    .trimEnd()
    .split('\n')
    .slice(1)
    .map((line): ClientWindow => {
      const [client = '', start, rate, cv] = line.split(',');
      return { client, start: Number(start), rate: Number(rate), cv: Number(cv) };
    })
    .filter(({ rate }) => rate > 0);
  const SPAN = 21_600;
  const rates = new Map<string, number>();
  for (const { client, start, rate } of windows) {
    const key = `${client} ${Math.floor(start / SPAN)}`;
    rates.set(key, (rates.get(key) ?? 0) + rate);
  }
  const input = new Map<number, number>();
  const output = new Map<number, number>();
  for (const line of gunzipped(`servegen/${name}.dataset.jsonl.gz`).trimEnd().split('\n')) {
    const { client, windows } = JSON.parse(line) as {
      client: number;
      windows: { t_start_s: number; input_tokens?: [number, number][]; output_tokens?: [number, number][] }[];
    };
    for (const window of windows) {
      const weight = rates.get(`${client} ${Math.floor(window.t_start_s / SPAN)}`) ?? 0;
      for (const [tokens, share] of window.input_tokens ?? []) if (tokens >= 1) input.set(tokens, (input.get(tokens) ?? 0) + weight * share);
      for (const [tokens, share] of window.output_tokens ?? []) if (tokens >= 1) output.set(tokens, (output.get(tokens) ?? 0) + weight * share);
    }
  }
  return { input: tableOf(input), output: tableOf(output), cv: mergedVariation(windows) };
}

/** Variation of the gaps of all clients together in the window of median rate, each client drawn with Gamma gaps of its own variation. */
function mergedVariation(windows: readonly ClientWindow[]): number {
  const totals = new Map<number, number>();
  for (const { start, rate } of windows) totals.set(start, (totals.get(start) ?? 0) + rate);
  const byRate = [...totals].sort((a, b) => a[1] - b[1]);
  const median = byRate[byRate.length >> 1]?.[0];
  const times: number[] = [];
  for (const { client, rate, cv } of windows.filter(({ start }) => start === median)) {
    const random = stream(1, client);
    const square = cv * cv;
    const gap = (): number => (square < 1e-12 ? 1 : gamma(random, 1 / square) * square) / rate;
    // The stationary start lies somewhere in a long past.
    for (let time = gap() - 6000; time < 600; time += gap()) if (time >= 0) times.push(time);
  }
  times.sort((a, b) => a - b);
  const gaps = times.slice(1).map((time, i) => time - (times[i] ?? 0));
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  return Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length) / mean;
}

/** What each preset of data/workloads is fitted to. */
export const workloadSources: Readonly<Record<string, () => Promise<WorkloadSource>>> = {
  conversation: () => traced('azure-2023/AzureLLMInferenceTrace_conv.csv', gapVariation),
  code: () => traced('azure-2023/AzureLLMInferenceTrace_code.csv', gapVariation),
  // Its times are multiples of 3 s: gaps mean nothing, counts over half a minute do.
  'long-context': () => traced('mooncake/conversation_trace.jsonl.gz', (columns) => countVariation(columns, 30)),
  chat: async () => pooled('m-large'),
  reasoning: async () => pooled('deepseek-r1'),
};
