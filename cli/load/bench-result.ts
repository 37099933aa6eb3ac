import type { ServiceLevel } from '../../src/serving/scenario.ts';
import type { ClientRecord } from './answer.ts';

export interface BenchOptions {
  readonly date: Date;
  readonly backend: string;
  readonly model: string;
  readonly tokenizer: string;
  readonly prompts: number;
  /** Infinity where requests were sent as fast as they could be; undefined where nothing like it is known. */
  readonly rate: number | undefined;
  readonly burstiness: number | undefined;
  readonly maxConcurrency: number | undefined;
  /** [s] */
  readonly duration: number;
  readonly slo: ServiceLevel;
  /** Such as 99. */
  readonly percentiles: readonly number[];
  readonly detailed: boolean;
  readonly metadata: Readonly<Record<string, string>>;
  /** When the run began, by the clock of the records. [ms] */
  readonly begun: number;
}

/** The result file of `vllm bench serve`: its keys, its definitions, exact percentiles. */
export function benchResult(records: readonly ClientRecord[], options: BenchOptions): Readonly<Record<string, unknown>> {
  const { duration, slo, begun, detailed } = options;
  const done = records.filter(({ problem }) => problem === undefined).map(latenciesOf);
  const sum = (of: (one: (typeof done)[number]) => number): number => done.reduce((total, one) => total + of(one), 0);
  const [input, output] = [sum((one) => one.input), sum((one) => one.output)];
  const good = done.filter(
    ({ ttft, tpot, e2el }) => ttft <= (slo.ttft ?? Infinity) * 1000 && (tpot ?? 0) <= (slo.tpot ?? Infinity) * 1000 && e2el <= (slo.e2e ?? Infinity) * 1000,
  ).length;
  const all = records.map((record) => ({ record, own: latenciesOf(record) }));
  return {
    date: stamp(options.date),
    endpoint_type: options.backend,
    backend: options.backend,
    label: null,
    model_id: options.model,
    tokenizer_id: options.tokenizer,
    num_prompts: options.prompts,
    ...options.metadata,
    request_rate: options.rate === Infinity ? 'inf' : (options.rate ?? null),
    burstiness: options.burstiness ?? null,
    max_concurrency: options.maxConcurrency ?? null,
    duration,
    completed: done.length,
    failed: records.length - done.length,
    total_input_tokens: input,
    total_output_tokens: output,
    request_throughput: done.length / duration,
    request_goodput: Object.values(slo).some((bound) => bound !== undefined) ? good / duration : null,
    output_throughput: output / duration,
    total_token_throughput: (input + output) / duration,
    max_output_tokens_per_s: most(
      records.flatMap(({ heardAt, outputTokens }) => heardAt.map((at) => [second(at, begun), outputTokens / heardAt.length] as const)),
    ),
    max_concurrent_requests: most(
      records.flatMap(({ sentAt, endedAt }) => {
        const [from, to] = [second(sentAt, begun), second(endedAt, begun)];
        return Array.from({ length: to - from + 1 }, (_, i) => [from + i, 1] as const);
      }),
    ),
    ...statistics(
      'ttft',
      done.map(({ ttft }) => ttft),
      options.percentiles,
    ),
    ...statistics(
      'tpot',
      done.flatMap(({ tpot }) => (tpot === undefined ? [] : [tpot])),
      options.percentiles,
    ),
    ...statistics(
      'itl',
      done.flatMap(({ itls }) => itls),
      options.percentiles,
    ),
    ...statistics(
      'e2el',
      done.map(({ e2el }) => e2el),
      options.percentiles,
    ),
    ...(detailed
      ? {
          input_lens: all.map(({ own }) => own.input),
          output_lens: all.map(({ own }) => own.output),
          start_times: all.map(({ record }) => record.sentAt / 1000),
          ttfts: all.map(({ own }) => own.ttft / 1000),
          itls: all.map(({ own }) => own.itls.map((gap) => gap / 1000)),
          generated_texts: all.map(({ record }) => record.text),
          errors: all.map(({ record }) => record.problem ?? ''),
        }
      : {}),
  };
}

interface Latencies {
  readonly input: number;
  readonly output: number;
  /** [ms] */
  readonly ttft: number;
  readonly tpot: number | undefined;
  readonly e2el: number;
  readonly itls: readonly number[];
}

/** TPOT is the mean behind the first token; E2EL ends with the last part that had something in it. */
function latenciesOf({ sentAt, heardAt, inputTokens, outputTokens }: ClientRecord): Latencies {
  const first = heardAt[0] ?? sentAt;
  const last = heardAt.at(-1) ?? sentAt;
  return {
    input: inputTokens,
    output: outputTokens,
    ttft: first - sentAt,
    tpot: outputTokens > 1 ? (last - first) / (outputTokens - 1) : undefined,
    e2el: last - sentAt,
    itls: heardAt.slice(1).map((at, i) => at - (heardAt[i] as number)),
  };
}

/** Mean, median, standard deviation (of all, as numpy's) and percentiles (linear between values, as numpy's). */
function statistics(name: string, values: readonly number[], percentiles: readonly number[]): Readonly<Record<string, number>> {
  const sorted = values.toSorted((a, b) => a - b);
  const mean = sorted.length === 0 ? 0 : sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
  const variance = sorted.length === 0 ? 0 : sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0) / sorted.length;
  return {
    [`mean_${name}_ms`]: mean,
    [`median_${name}_ms`]: percentile(sorted, 50),
    [`std_${name}_ms`]: Math.sqrt(variance),
    ...Object.fromEntries(percentiles.map((p) => [`p${p}_${name}_ms`, percentile(sorted, p)])),
  };
}

function percentile(sorted: readonly number[], p: number): number {
  if (sorted.length === 0) return 0;
  const at = ((sorted.length - 1) * p) / 100;
  const low = Math.floor(at);
  const [from, to] = [sorted[low] as number, sorted[Math.min(low + 1, sorted.length - 1)] as number];
  return from + (to - from) * (at - low);
}

function second(at: number, begun: number): number {
  return Math.max(0, Math.floor((at - begun) / 1000));
}

function most(counts: readonly (readonly [number, number])[]): number {
  const bySecond = new Map<number, number>();
  for (const [at, count] of counts) bySecond.set(at, (bySecond.get(at) ?? 0) + count);
  return [...bySecond.values()].reduce((highest, count) => Math.max(highest, count), 0);
}

/** `20261128-201500`, by UTC. */
function stamp(date: Date): string {
  return date.toISOString().slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
}
