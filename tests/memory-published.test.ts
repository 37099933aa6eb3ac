import { existsSync, readdirSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { loadMachine } from '../cli/machines.ts';
import { loadModel } from '../cli/models.ts';
import { loadStack } from '../cli/stacks.ts';
import { memoryBudget, type MemoryBudget } from '../src/cost/memory.ts';
import type { Layout } from '../src/model/layout.ts';
import { precisionOf } from '../src/model/precision.ts';

const folder = fileURLToPath(new URL('../../shared/measured/llmservingsim/bench/', import.meta.url));
const here = existsSync(folder);
if (!here) process.stdout.write('skipped: KV blocks of published vLLM runs, as ../shared/measured/llmservingsim is not there\n');

const machineOf: Readonly<Record<string, string>> = { RTX4090: 'rtx-4090-workstation', RTXPRO6000: 'rtx-pro-6000-workstation' };
const modelOf: Readonly<Record<string, string>> = {
  'meta-llama/Llama-3.1-8B': 'llama-3.1-8b',
  'Qwen/Qwen3-32B': 'qwen3-32b',
  'Qwen/Qwen3-30B-A3B-Instruct-2507': 'qwen3-30b-a3b',
};
const tolerance = 0.03;

const single: Layout = {
  dies: 1,
  tensor: 1,
  pipeline: 1,
  attention: 'tensor',
  experts: { parallel: 1, sharedDies: 0, redundant: 0, load: { kind: 'uniform' } },
  microbatches: 1,
  draftTokens: 0,
};

/** What a run says of itself. */
interface Meta {
  readonly model: string;
  readonly engine_kwargs: {
    readonly tensor_parallel_size: number;
    readonly data_parallel_size: number;
    readonly enable_expert_parallel: boolean;
    readonly max_num_seqs: number;
    readonly max_num_batched_tokens: number;
  };
  readonly kv_cache?: { readonly num_gpu_blocks: number; readonly block_size: number; readonly gpu_memory_utilization: number };
  readonly hardware?: { readonly device_total_memory_bytes: number };
}

interface Served {
  readonly input_toks: number;
  readonly output_toks: number;
  readonly first_token_ts: number;
  readonly last_token_ts: number;
}

interface PublishedRun {
  readonly name: string;
  readonly meta: Meta;
  readonly budget: MemoryBudget;
  readonly requests: readonly Served[];
}

function publishedRuns(): readonly PublishedRun[] {
  return readdirSync(folder).flatMap((chip) =>
    readdirSync(`${folder}${chip}`).map((model) => {
      const at = `${folder}${chip}/${model}/vllm/`;
      const meta = JSON.parse(readFileSync(`${at}meta.json`, 'utf8')) as Meta;
      const requests = readFileSync(`${at}requests.jsonl`, 'utf8')
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line) as Served);
      return { name: `${model} on ${chip}`, meta, budget: budgetOf(meta, machineOf[chip] ?? chip), requests };
    }),
  );
}

function budgetOf({ model: name, engine_kwargs: engine, kv_cache: kv }: Meta, machine: string): MemoryBudget {
  const model = loadModel(modelOf[name] ?? name);
  const tensor = engine.tensor_parallel_size;
  const dies = tensor * engine.data_parallel_size;
  const parallel = engine.enable_expert_parallel ? dies : 1;
  return memoryBudget({
    machine: loadMachine(machine),
    model,
    precision: precisionOf(model),
    layout: { ...single, dies, tensor, experts: { ...single.experts, parallel } },
    stack: loadStack('vllm'),
    maxBatchTokens: engine.max_num_batched_tokens,
    maxSequences: engine.max_num_seqs,
    utilisation: kv?.gpu_memory_utilization,
  });
}

/** Most blocks of one rank that requests between their first and last token kept at once; prompts under way are not counted. */
function mostKept(requests: readonly Served[], blockTokens: number, ranks: number): number {
  const instants = requests.map(({ last_token_ts: at }) => at - 1e-6);
  const kept = instants.map((at) =>
    requests.reduce((sum, { input_toks: input, output_toks: output, first_token_ts: first, last_token_ts: last }) => {
      if (at < first || at >= last) return sum;
      return sum + Math.floor((input + (output * (at - first)) / (last - first)) / blockTokens);
    }, 0),
  );
  return Math.max(...kept) / ranks;
}

describe.skipIf(!here)('KV blocks of published vLLM runs', () => {
  const runs = here ? publishedRuns() : [];

  test('a count that an engine printed is predicted within 3 % from its memory', () => {
    const counted = runs.flatMap(({ name, meta, budget }) => (meta.kv_cache === undefined ? [] : [{ name, meta: meta.kv_cache, budget }]));
    expect(counted.length).toBeGreaterThan(0);
    for (const { name, meta, budget } of counted) {
      const error = budget.kvBlocks / meta.num_gpu_blocks - 1;
      process.stdout.write(`${name}: ${budget.kvBlocks} KV blocks, the engine had ${meta.num_gpu_blocks} (${(error * 100).toFixed(1)} %)\n`);
      expect(budget.blockTokens).toBe(meta.block_size);
      expect(Math.abs(error), name).toBeLessThan(tolerance);
    }
  });

  test('the capacity of a die is what the driver reported', () => {
    const reported = runs.flatMap(({ name, meta, budget }) =>
      meta.hardware === undefined ? [] : [{ name, bytes: meta.hardware.device_total_memory_bytes, budget }],
    );
    for (const { name, bytes, budget } of reported) expect(budget.capacity, name).toBe(bytes);
    expect(reported.length).toBeGreaterThan(0);
  });

  test('where an engine never put a request back, its KV fits the blocks that are predicted', () => {
    for (const { name, meta, budget, requests } of runs) {
      if (meta.kv_cache !== undefined) continue;
      const ranks = meta.engine_kwargs.data_parallel_size;
      const kept = mostKept(requests, budget.blockTokens, ranks);
      process.stdout.write(`${name}: ${budget.kvBlocks} KV blocks; the engine printed no count, ${Math.round(kept)} were in use at once\n`);
      expect(budget.kvBlocks, name).toBeGreaterThan(kept);
    }
  });
});

/**
 * TensorRT-LLM tech blog 3 (FACTS.md 6.4, P9): R1 in FP4 on 8 x B200, about 80 GB of weights and activations and 100 GB of KV on each GPU. Shared
 * experts and dense layers are in FP4 there; here they are as wide as attention, 5 GB more.
 */
test('the memory of R1 in FP4 on 8 x B200 under attention data parallelism is the published one', () => {
  const model = loadModel('deepseek-r1');
  const budget = memoryBudget({
    machine: loadMachine('hgx-b200'),
    model,
    precision: precisionOf(model, { weights: 'bf16', experts: 'fp4', kv: 'fp8' }),
    layout: { ...single, dies: 8, experts: { ...single.experts, parallel: 8 }, draftTokens: 1 },
    stack: loadStack('tensorrt-llm'),
    maxBatchTokens: 4096,
    maxSequences: 384,
  });
  const kv = budget.parts.find(({ name }) => name === 'KV blocks')?.bytes ?? 0;
  const kept = budget.parts.find(({ name }) => name === 'kept free')?.bytes ?? 0;
  const rest = budget.capacity - kv - kept;
  process.stdout.write(`R1 in FP4 on 8 x B200: ${(rest / 1e9).toFixed(1)} GB besides KV (published 80), ${(kv / 1e9).toFixed(1)} GB of KV (published 100)\n`);
  expect(Math.abs(kv / 100e9 - 1)).toBeLessThan(tolerance);
  expect(Math.abs(rest / 80e9 - 1)).toBeLessThan(0.08);
});
