import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { tryRead } from '../../schema/read.ts';
import { InputError } from '../../src/base/errors.ts';
import { TraceBuilder } from '../../src/serving/traffic/columns.ts';
import { emptyArrival } from '../../src/serving/traffic/arrival.ts';
import { requestSource } from '../../src/serving/traffic/source.ts';
import type { TraceColumns } from '../../src/serving/traffic/workload.ts';
import type { PointCatalogue } from '../validate-points/catalogue.ts';
import type { LatencyFigures, RecordedRun } from './run.ts';
import { replayOf } from './scenario.ts';

const figures = z.object({ mean: z.number(), median: z.number(), p90: z.number(), p99: z.number() });
const lengths = z.object({ mean: z.number(), min: z.number(), max: z.number() });
const stage = z.object({
  variant: z.string(),
  stage: z.int(),
  load_summary: z.object({ count: z.int().min(1), send_duration: z.number().positive() }),
  successes: z.object({
    latency: z.object({ request_latency: figures, time_to_first_token: figures, normalized_time_per_output_token: figures }),
    prompt_len: lengths,
    output_len: lengths,
  }),
});
type Stage = z.infer<typeof stage>;

/** Server variants that the twin can be set to, with the sequences that run at once; others are told apart. */
const variants: Readonly<Record<string, { readonly sequences: number } | undefined>> = {
  vllm: { sequences: 256 },
  'vllm+batch_size': { sequences: 192 },
  'vllm+chunking_and_prefix_caching': { sequences: 1024 },
};
/** Prompts that the requests of a run share, and the tokens of a block. */
const sharedPrompts = 10;
const blockTokens = 16;
const seed = 1;

/** Tables of rate sweeps in a folder or below its `inference-perf`. */
export function inferencePerfTables(root: string): readonly string[] {
  return [root, join(root, 'inference-perf')].flatMap((folder) =>
    existsSync(folder)
      ? readdirSync(folder)
          .filter((name) => /qps.*\.jsonl$/.test(name))
          .map((name) => join(folder, name))
      : [],
  );
}

/**
 * Stages of a rate sweep, of which only distributions were kept: Poisson arrivals at the rate that was really sent, mean lengths, one of ten
 * prompts each.
 * @throws InputError with every line that is wrong
 */
export async function inferencePerfRuns(path: string, catalogue: PointCatalogue): Promise<readonly RecordedRun[]> {
  const [, card = ''] = /([^/\\]+?)_h100/.exec(path) ?? [];
  const runs: RecordedRun[] = [];
  for (const one of stagesOf(path)) {
    const setting = variants[one.variant];
    const replay =
      setting === undefined
        ? { reason: `the variant ${one.variant} is not modelled` }
        : await replayOf(
            {
              system: 'h100_sxm',
              backend: 'vllm',
              version: '0.11',
              model: card,
              precision: '',
              tensor: 1,
              data: 1,
              expertParallel: false,
              maxSequences: setting.sequences,
              maxBatchedTokens: 8192,
              prefixCaching: true,
            },
            sent(one),
            catalogue,
          );
    const { latency, output_len: output } = one.successes;
    runs.push({
      family: `inference-perf, ${card}`,
      name: `${one.variant}, ${(one.load_summary.count / one.load_summary.send_duration).toFixed(0)}/s`,
      requests: one.load_summary.count,
      measured: { ttft: named(latency.time_to_first_token), tpot: perToken(one, output.mean), e2e: named(latency.request_latency) },
      ...replay,
      notes: [],
    });
  }
  return runs;
}

function stagesOf(path: string): readonly Stage[] {
  const read = readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line, i) => {
      if (line.trim() === '') return [];
      const at = `${path}: line ${i + 1}`;
      try {
        return [tryRead(stage, JSON.parse(line), at)];
      } catch (error) {
        return [{ issues: [{ path: at, message: error instanceof Error ? error.message : 'no JSON' }] }];
      }
    });
  const issues = read.flatMap((one) => one.issues);
  if (issues.length > 0) throw new InputError(issues.slice(0, 20));
  return read.flatMap((one) => ('value' in one && one.value !== undefined ? [one.value] : []));
}

const named = ({ mean, median, p90, p99 }: z.infer<typeof figures>): LatencyFigures => ({ mean, p50: median, p90, p99 });

/** Its own time per output token counts chunks of the stream, two for each token; this is (E2E - TTFT) / (output - 1) of the means. */
function perToken({ successes: { latency } }: Stage, output: number): LatencyFigures {
  const at = (name: 'mean' | 'median'): number => (latency.request_latency[name] - latency.time_to_first_token[name]) / (output - 1);
  return { mean: at('mean'), p50: at('median'), p90: NaN, p99: NaN };
}

function sent({ load_summary: load, successes }: Stage): TraceColumns {
  const { prompt_len: prompt, output_len: output } = successes;
  const source = requestSource({
    kind: 'generator',
    name: 'rate sweep',
    arrivals: { kind: 'poisson', rate: load.count / load.send_duration },
    input: { kind: 'uniform', min: Math.max(1, Math.round(prompt.min)), max: Math.round(prompt.max) },
    output: { kind: 'fixed', tokens: Math.max(1, Math.round(output.mean)) },
    requests: load.count,
    seed,
  });
  const builder = new TraceBuilder(blockTokens);
  const arrival = emptyArrival();
  for (let i = 0; source.next(arrival); i++) {
    const first = (i % sharedPrompts) * prompt.max;
    for (let b = 0; b < Math.floor(arrival.inputTokens / blockTokens); b++) builder.addBlock(first + b);
    builder.add(arrival.arrivedAt, arrival.inputTokens, arrival.outputTokens);
  }
  return builder.columns();
}
