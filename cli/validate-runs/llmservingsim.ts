import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';
import * as z from 'zod';
import { InputError } from '../../src/base/errors.ts';
import { TraceBuilder } from '../../src/serving/traffic/columns.ts';
import type { TraceColumns } from '../../src/serving/traffic/workload.ts';
import { tryRead } from '../../schema/read.ts';
import { loadTrace } from '../traces.ts';
import type { PointCatalogue } from '../validate-points/catalogue.ts';
import { figuresOf, type RecordedRun } from './run.ts';
import { replayOf } from './scenario.ts';

const finite = z.number();
const meta = z.object({
  vllm_version: z.string(),
  engine_kwargs: z.object({
    model: z.string(),
    tensor_parallel_size: z.int().min(1),
    data_parallel_size: z.int().min(1),
    enable_expert_parallel: z.boolean(),
    max_num_seqs: z.int().min(1),
    max_num_batched_tokens: z.int().min(1),
  }),
  dataset_path: z.string(),
  kv_cache: z
    .object({ num_gpu_blocks: z.int().min(1), gpu_memory_utilization: finite, enable_prefix_caching: z.boolean() })
    .partial()
    .optional(),
});
const request = z.object({
  input_toks: z.int().min(1),
  output_toks: z.int().min(1),
  queued_ts: finite,
  first_token_ts: finite,
  last_token_ts: finite,
});
type Request = z.infer<typeof request>;

/** Folders `<gpu>/<model>/vllm` with what an engine recorded of every request. */
export function llmservingsimFolders(root: string): readonly string[] {
  return readdirSync(root, { recursive: true, encoding: 'utf8' })
    .filter((path) => basename(path) === 'meta.json' && existsSync(join(root, dirname(path), 'requests.jsonl')))
    .map((path) => join(root, dirname(path)))
    .sort((a, b) => (a < b ? -1 : 1));
}

/**
 * One recorded run: arrivals are the times at which the engine queued the requests, TTFT and E2E count from there.
 * @throws InputError with every line that is wrong
 */
export async function llmservingsimRun(folder: string, catalogue: PointCatalogue): Promise<RecordedRun> {
  const path = join(folder, 'meta.json');
  const told = tryRead(meta, json(readFileSync(path, 'utf8'), path), path);
  const requests = recorded(join(folder, 'requests.jsonl'));
  if (told.value === undefined) throw new InputError(told.issues);
  const { engine_kwargs: engine, vllm_version: version, kv_cache: kv, dataset_path: dataset } = told.value;
  const workload = workloadNear(folder, basename(dataset), requests);
  const blocks = workload === undefined ? undefined : await loadTrace(workload);
  const gpu = basename(dirname(dirname(folder)));
  const replay = await replayOf(
    {
      system: gpu,
      backend: 'vllm',
      version,
      model: engine.model,
      precision: '',
      tensor: engine.tensor_parallel_size,
      data: engine.data_parallel_size,
      expertParallel: engine.enable_expert_parallel,
      maxSequences: engine.max_num_seqs,
      maxBatchedTokens: engine.max_num_batched_tokens,
      prefixCaching: kv?.enable_prefix_caching ?? true,
      memoryUtilisation: kv?.gpu_memory_utilization,
      engineTimes: true,
    },
    columnsOf(requests, blocks),
    catalogue,
  );
  return {
    family: 'LLMServingSim',
    name: `${gpu} ${basename(dirname(folder))}`,
    requests: requests.length,
    measured: {
      ttft: figuresOf(requests.map((one) => one.first_token_ts - one.queued_ts)),
      tpot: figuresOf(requests.flatMap((one) => (one.output_toks > 1 ? [(one.last_token_ts - one.first_token_ts) / (one.output_toks - 1)] : []))),
      e2e: figuresOf(requests.map((one) => one.last_token_ts - one.queued_ts)),
    },
    kvBlocks: kv?.num_gpu_blocks,
    ...replay,
    notes: [`vLLM ${version}`, ...(blocks === undefined ? ['its workload was not found: no prefix is shared'] : [])],
  };
}

function json(text: string, path: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (error) {
    throw new InputError([{ path, message: error instanceof Error ? error.message : 'no JSON' }]);
  }
}

function recorded(path: string): readonly Request[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  const read = lines.flatMap((line, i) => (line.trim() === '' ? [] : [tryRead(request, json(line, `${path}: line ${i + 1}`), `${path}: line ${i + 1}`)]));
  const issues = read.flatMap((one) => one.issues);
  if (issues.length > 0) throw new InputError(issues.slice(0, 20));
  if (read.length === 0) throw new InputError([{ path, message: 'has no requests' }]);
  return read.flatMap(({ value }) => (value === undefined ? [] : [value]));
}

/** The trace of the workload in `traces/llmservingsim` of a folder above: by its name, else the one with the same lengths. */
function workloadNear(folder: string, dataset: string, requests: readonly Request[]): string | undefined {
  for (let above = resolve(folder); ; above = dirname(above)) {
    const traces = join(above, 'traces', 'llmservingsim');
    if (existsSync(traces)) {
      const stem = dataset.replace(/\.jsonl$/, '');
      const files = readdirSync(traces).toSorted();
      const named = files.find((file) => file.startsWith(stem));
      const equal = files.find((file) => sameLengths(join(traces, file), requests));
      const found = named ?? equal;
      return found === undefined ? undefined : join(traces, found);
    }
    if (dirname(above) === above) return undefined;
  }
}

function sameLengths(path: string, requests: readonly Request[]): boolean {
  const lines = readFileSync(path, 'utf8').trim().split('\n');
  if (lines.length !== requests.length) return false;
  const [first] = lines;
  const read = z.object({ input_toks: finite, output_toks: finite }).safeParse(first === undefined ? undefined : json(first, path));
  return read.success && read.data.input_toks === requests[0]?.input_toks && read.data.output_toks === requests[0].output_toks;
}

/** Requests as they were queued, with the prefix blocks of their workload where it is known. */
function columnsOf(requests: readonly Request[], blocks: TraceColumns | undefined): TraceColumns {
  const known = blocks !== undefined && blocks.count === requests.length ? blocks : undefined;
  const builder = new TraceBuilder(known?.blockTokens ?? 0);
  const order = requests.map((one, i) => ({ one, i })).sort((a, b) => a.one.queued_ts - b.one.queued_ts);
  for (const { one, i } of order) {
    for (let b = known?.blockStart[i] ?? 0; b < (known?.blockStart[i + 1] ?? 0); b++) builder.addBlock(known?.blocks[b] ?? 0);
    builder.add(one.queued_ts, one.input_toks, one.output_toks);
  }
  return builder.columns();
}
