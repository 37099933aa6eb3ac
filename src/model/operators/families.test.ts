import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import type { RankBatch } from '../batch.ts';
import { modelFromConfig } from '../config/config.ts';
import { kvBytesOfSequence, kvBytesPerToken, kvBytesPerTokenPerDie, movedStateBytes, stateBytesOfSequence } from '../kv.ts';
import type { Layout } from '../layout.ts';
import type { Model } from '../model.ts';
import type { ComputeOperator, OperatorGroup } from '../operator.ts';
import { mainTensors } from '../parameters.ts';
import { precisionOf } from '../precision.ts';
import { stepOperators } from './step.ts';

const files = import.meta.glob<string>('../../../data/models/*.yaml', { query: '?raw', import: 'default', eager: true });
const models = Object.entries(files).map(([path, text]) =>
  modelFromConfig((parse(text) as { config: unknown }).config, path.replace(/^.*\/(.*)\.yaml$/, '$1')),
);
const named = (name: string): Model => models.find((model) => model.name === name) as Model;

const single: Layout = {
  dies: 1,
  tensor: 1,
  pipeline: 1,
  attention: 'tensor',
  experts: { parallel: 1, sharedDies: 0, redundant: 0, load: { kind: 'uniform' } },
  microbatches: 1,
  draftTokens: 0,
};
const split = (tensor: number): Layout => ({ ...single, dies: tensor, tensor });
const none: RankBatch = {
  decodeSequences: 0,
  queryTokens: 1,
  decodeContext: 0,
  prefillTokens: 0,
  prefillSequences: 0,
  prefillPairs: 0,
  prefillContext: 0,
};
const decoding = (sequences: number, context: number): RankBatch => ({ ...none, decodeSequences: sequences, decodeContext: sequences * context });
const prompt = (tokens: number): RankBatch => ({
  ...none,
  prefillTokens: tokens,
  prefillSequences: 1,
  prefillPairs: (tokens * (tokens + 1)) / 2,
  prefillContext: tokens,
});

const step = (model: Model, rank: RankBatch, layout = single): OperatorGroup[] =>
  stepOperators(model, precisionOf(model, { weights: 'bf16' }), layout, { rank, instanceTokens: rank.decodeSequences * rank.queryTokens + rank.prefillTokens });

/** Every compute operator of a step, as often as it runs. */
const launches = (groups: readonly OperatorGroup[]): readonly (readonly [ComputeOperator, number])[] =>
  groups.flatMap(({ operators, count }) => operators.filter((operator) => operator.kind === 'compute').map((operator) => [operator, count] as const));
const sum = (groups: readonly OperatorGroup[], of: (operator: ComputeOperator) => number): number =>
  launches(groups).reduce((total, [operator, count]) => total + of(operator) * count, 0);
const launched = (groups: readonly OperatorGroup[], name: RegExp): readonly (readonly [ComputeOperator, number])[] =>
  launches(groups).filter(([operator]) => name.test(operator.name));

/** Matrices that no product runs over: they work element by element. */
const elementwise = /norm|bias|convolution$|sinks|scales|scalars|position|shared gate|head streams|^embedding/;

describe.each(models)('$name', (model) => {
  test('products make two operations for each active weight and token', () => {
    const sequences = 64;
    const matrices = mainTensors(model).filter(([tensor]) => !elementwise.test(tensor.name));
    const active = matrices.reduce((total, [{ rows, columns, copies, active: share }, layers]) => total + rows * columns * copies * share * layers, 0);
    const products = sum(step(model, decoding(sequences, 100)), ({ class: kind, name, matrixFlop }) =>
      (kind === 'gemm' || kind === 'grouped-gemm') && name !== 'index-scores' ? matrixFlop : 0,
    );
    expect(products / (2 * sequences * active)).toBeCloseTo(1, 9);
  });

  test('products read each weight of a full batch once', () => {
    const matrices = mainTensors(model).filter(([tensor]) => !elementwise.test(tensor.name));
    const weights = matrices.reduce((total, [{ rows, columns, copies }, layers]) => total + rows * columns * copies * layers, 0);
    const read = sum(step(model, decoding(1e6, 1)), ({ weightBytes }) => weightBytes);
    expect(read / (2 * weights)).toBeCloseTo(1, 6);
  });

  test('every operator is finite and none is negative', () => {
    for (const groups of [step(model, decoding(7, 9000)), step(model, prompt(20_000)), step(model, decoding(3, 500), split(2))])
      for (const [operator] of launches(groups))
        for (const part of [operator.matrixFlop, operator.vectorFlop, operator.weightBytes, operator.activationBytes])
          expect(Number.isFinite(part) && part >= 0, operator.name).toBe(true);
  });

  test('a sequence keeps what grows with it and what does not', () => {
    const precision = precisionOf(model, { weights: 'bf16' });
    const [state, token] = [stateBytesOfSequence(model, precision, single), kvBytesPerTokenPerDie(model, precision, single)];
    expect(token).toBe(kvBytesPerToken(model, 'bf16').main);
    expect(state).toBe(kvBytesPerToken(model, 'bf16').state);
    expect(kvBytesOfSequence(model, precision, single, 1)).toBe(state + token);
    expect(stateBytesOfSequence(model, precision, split(2))).toBeLessThanOrEqual(state);
  });
});

describe('recurrent layers', () => {
  const model = named('qwen3-next-80b-a3b');
  const update = /^linear-attention-decode$/;

  test('a decoding token reads and writes the state of its sequence, whatever the context', () => {
    const [short, long] = [100, 100_000].map((context) => launched(step(model, decoding(16, context)), update));
    expect(short).toEqual(long);
    const [[operator, layers] = []] = short ?? [];
    expect(layers).toBe(36);
    const state = 32 * 128 * 128 * 4;
    const values = 2 * 16 * 128 + 2 * 32 * 128;
    expect(operator?.activationBytes).toBe(16 * (2 * state + values * 2));
  });

  test('a verified draft writes a state for each of its tokens', () => {
    const bytes = (queryTokens: number): number => launched(step(model, { ...decoding(16, 100), queryTokens }), update)[0]?.[0].activationBytes ?? 0;
    expect(bytes(2) / bytes(1)).toBeCloseTo(1.5, 1);
  });

  test('scans of prompts grow as their tokens do', () => {
    const scan = (tokens: number): number => launched(step(model, prompt(tokens)), /^linear-attention-prefill$/)[0]?.[0].matrixFlop ?? 0;
    expect(scan(64_000)).toBe(8 * scan(8000));
  });

  test('states lie split over the dies of a rank', () => {
    const precision = precisionOf(model);
    expect(stateBytesOfSequence(model, precision, split(8)) * 8).toBe(stateBytesOfSequence(model, precision, single));
  });

  test('a sequence keeps a state for each drafted token, and moves with one', () => {
    const precision = precisionOf(model);
    const drafting = { ...single, draftTokens: 2 };
    const state = stateBytesOfSequence(model, precision, single);
    expect(stateBytesOfSequence(model, precision, drafting)).toBe(3 * state);
    expect(movedStateBytes(model, precision, drafting)).toBe(state);
    expect(movedStateBytes(model, precision, split(8))).toBe(state);
  });

  test('published state: 36 layers of 32 heads x 128 x 128 in 32 bit, and three inputs of 8,192 channels', () => {
    expect(kvBytesPerToken(model, 'bf16')).toEqual({ main: 24_576, windowed: 0, draft: 2048, state: 36 * (32 * 128 * 128 * 4 + 3 * 8192 * 2) });
  });
});

describe('norms on queries and keys', () => {
  const reduced = (name: string, tensor: number, tokens: number): readonly number[] =>
    step(named(name), decoding(tokens, 100), split(tensor)).flatMap(({ operators, count }) =>
      operators.flatMap((operator) => (operator.kind === 'collective' && operator.name === 'query-key-norm-all-reduce' ? [count, operator.bytes] : [])),
    );

  test('over all heads add up two sums of squares a token and layer over the dies that split the heads', () => {
    expect(reduced('minimax-m2', 4, 24)).toEqual([62, 24 * 2 * 4]);
    expect(reduced('minimax-m2', 1, 24)).toEqual([]);
  });

  test('over one head stay on its die', () => {
    expect(reduced('qwen3-32b', 4, 24)).toEqual([]);
  });
});

describe('layers of one half', () => {
  test('each has one norm in front, and a rank reduces once behind each', () => {
    const model = named('nemotron-3-nano-30b-a3b');
    const groups = step(model, decoding(8, 100), split(2)).filter(({ name }) => name.endsWith('layers'));
    expect(groups.map(({ name, count }) => [name, count])).toEqual([
      ['linear-layers', 23],
      ['experts-layers', 23],
      ['full-layers', 6],
    ]);
    for (const { operators } of groups) {
      expect(operators.filter(({ name }) => /^(attention|feed-forward)-norm$/.test(name))).toHaveLength(1);
      expect(operators.filter(({ kind }) => kind === 'collective')).toHaveLength(1);
    }
  });
});

describe('compressed attention', () => {
  const model = named('deepseek-v4-flash');
  const seen = (context: number): readonly number[] =>
    launched(step(model, decoding(1, context)), /^compressed-attention-decode$/).map(([{ matrixFlop }]) => matrixFlop / (4 * 64 * 512));

  test('a query sees its window, and behind it every entry or those that the index picks', () => {
    expect(seen(100_000)).toEqual([128, 128 + 512, 128 + 100_000 / 128, 128 + 512]);
    expect(seen(64)).toEqual([64, 64 + 16, 64 + 0.5, 64 + 16]);
  });

  test('an entry stands for 4 tokens with an index key, or for 128', () => {
    const entry = 512 * 2;
    expect(kvBytesPerToken(model, 'bf16').main).toBe((21 * (entry + 128 + 4)) / 4 + (20 * entry) / 128);
  });
});

test('attention in chunks costs no more for a longer prompt than its chunks', () => {
  const model = named('llama-4-maverick');
  const flop = (tokens: number): number =>
    step(model, prompt(tokens))
      .filter(({ name }) => name.startsWith('chunk'))
      .reduce(
        (total, { operators, count }) =>
          total + operators.reduce((all, one) => all + (one.name === 'attention-prefill' && one.kind === 'compute' ? one.matrixFlop : 0), 0) * count,
        0,
      );
  expect(flop(8192)).toBeGreaterThan(0);
  expect(flop(5 * 8192)).toBeCloseTo(5 * flop(8192), -3);
});
