import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import llamaFile from '../../data/models/llama-3.1-70b.yaml?raw';
import smallFile from '../../data/models/llama-3.1-8b.yaml?raw';
import r1File from '../../data/models/deepseek-r1.yaml?raw';
import sparseFile from '../../data/models/deepseek-v3.2.yaml?raw';
import { modelFromConfig } from './config/config.ts';
import { headFrom, headLike, type Drafter } from './drafter.ts';
import { kvBytesPerToken, kvBytesPerTokenPerDie, unsplit } from './kv.ts';
import type { Layout } from './layout.ts';
import type { Model } from './model.ts';
import type { OperatorGroup } from './operator.ts';
import { stepOperators } from './operators/step.ts';
import { parametersOf } from './parameters.ts';
import { precisionOf } from './precision.ts';
import { weightBytesPerDie } from './weights.ts';

const load = (text: string, name: string): Model => modelFromConfig((parse(text) as { config: unknown }).config, name);
const llama = load(llamaFile, 'large');
const small = load(smallFile, 'small');
const r1 = load(r1File, 'latent');
const sparse = load(sparseFile, 'sparse');

/** The published form of a head of one layer with entries of its own. */
const headConfig = {
  model_type: 'llama',
  architectures: ['Head'],
  num_hidden_layers: 1,
  hidden_size: 4096,
  intermediate_size: 14_336,
  num_attention_heads: 32,
  num_key_value_heads: 8,
  vocab_size: 128_256,
  draft_vocab_size: 32_000,
  max_position_embeddings: 2048,
  torch_dtype: 'bfloat16',
};

const single: Layout = {
  dies: 1,
  tensor: 1,
  pipeline: 1,
  attention: 'tensor',
  experts: { parallel: 1, sharedDies: 0, redundant: 0, load: { kind: 'uniform' } },
  microbatches: 1,
  draftTokens: 0,
};
const drafting = (drafter: Drafter, draftTokens: number, change: Partial<Layout> = {}): Layout => ({ ...single, ...change, draftTokens, drafter });
const draftBytes = (model: Model, layout: Layout): number => {
  const of = (one: Layout) => weightBytesPerDie(model, precisionOf(model), one).reduce((sum, { bytes }) => sum + bytes, 0);
  return of(layout) - of({ ...layout, draftTokens: 0 });
};
const own = (model: Model, tensor = 1): Drafter => ({ kind: 'model', model, precision: precisionOf(model), tensor });
const head = (model: Model, vocabulary?: number): Drafter => {
  const module = headLike(model, vocabulary);
  if (module === undefined) throw new Error('no head');
  return { kind: 'head', name: 'head', module };
};

const batch = (queryTokens: number, decodeSequences = 6) => ({
  rank: { decodeSequences, queryTokens, decodeContext: 600, prefillTokens: 10, prefillSequences: 2, prefillPairs: 60, prefillContext: 14 },
  instanceTokens: 10 + decodeSequences * queryTokens,
});
const flop = (groups: readonly OperatorGroup[]): number =>
  groups.reduce(
    (sum, { count, operators }) => sum + operators.reduce((part, operator) => part + (operator.kind === 'compute' ? count * operator.matrixFlop : 0), 0),
    0,
  );
const drafts = (groups: readonly OperatorGroup[]): readonly OperatorGroup[] => groups.filter(({ stage }) => stage === 'draft');

describe('a model that drafts', () => {
  test('keeps all its weights and all its KV beside those of the model', () => {
    const layout = drafting(own(small), 3);
    expect(draftBytes(llama, layout)).toBe(2 * parametersOf(small).total);
    const kv = kvBytesPerTokenPerDie(llama, precisionOf(llama), layout);
    expect(kv).toBe(kvBytesPerToken(llama, 'bf16').main + kvBytesPerToken(small, 'bf16').main);
    expect(kvBytesPerTokenPerDie(llama, precisionOf(llama), { ...layout, draftTokens: 0 })).toBe(kvBytesPerToken(llama, 'bf16').main);
  });

  test('is split over its own dies, and once whole in what moves', () => {
    const split = drafting(own(small, 4), 3, { dies: 4, tensor: 4 });
    const copies = drafting(own(small, 1), 3, { dies: 4, tensor: 4 });
    expect(draftBytes(llama, copies)).toBe(2 * parametersOf(small).total);
    expect(draftBytes(llama, split)).toBeLessThan(0.26 * draftBytes(llama, copies));
    for (const layout of [split, copies])
      expect(kvBytesPerTokenPerDie(llama, precisionOf(llama), unsplit(layout))).toBe(kvBytesPerToken(llama, 'bf16').main + kvBytesPerToken(small, 'bf16').main);
  });

  test('runs once over all positions of the step, then once for each further token over one of each sequence', () => {
    const groups = drafts(stepOperators(llama, precisionOf(llama), drafting(own(small), 4), batch(5)));
    const alone = stepOperators(small, precisionOf(small), single, batch(5));
    const one = stepOperators(small, precisionOf(small), single, {
      rank: { ...batch(1).rank, prefillTokens: 0, prefillSequences: 0, prefillPairs: 0, prefillContext: 0 },
      instanceTokens: 6,
    });
    // Behind the first pass one position of each sequence is drawn, in a model's own step every one.
    const surplus = 6 * 4 * 2 * small.hidden * small.vocabulary;
    expect(flop(groups)).toBe(flop(alone) - surplus + 3 * flop(one));
  });
});

describe('a head that drafts', () => {
  test('from its configuration has the published parameters: layer, wider input, three states, own entries', () => {
    const module = headFrom(modelFromConfig(headConfig, 'head'));
    if (module === undefined) throw new Error('no head');
    const target: Model = { ...small };
    const [h, kv, inner, entries] = [4096, 1024, 14_336, 32_000];
    const layer = 2 * h * h + 2 * h * kv + 3 * h * inner;
    const input = h * (h + 2 * kv);
    const norms = 5 * h;
    expect(draftBytes(target, drafting({ kind: 'head', name: 'head', module }, 3))).toBe(2 * (layer + input + 3 * h * h + entries * h + norms));
  });

  test('shares embedding and head, and stays in the base format, where it has no entries of its own', () => {
    const [h, kv, inner] = [8192, 1024, 28_672];
    const parameters = 2 * h * h + 2 * h * kv + 3 * h * inner + 2 * h * h + 5 * h;
    expect(draftBytes(llama, drafting(head(llama), 3))).toBe(2 * parameters);
    expect(draftBytes({ ...llama, quantisation: r1.quantisation }, drafting(head(llama), 3))).toBe(2 * parameters);
  });

  test('keeps the KV of one layer', () => {
    const kv = kvBytesPerTokenPerDie(llama, precisionOf(llama), drafting(head(llama), 3));
    expect(kv / kvBytesPerToken(llama, 'bf16').main).toBe(81 / 80);
  });

  test('like a layer of a model with experts has their width for one token, and sees everything', () => {
    const module = headLike(sparse, undefined);
    expect(module?.layers.feedForward).toMatchObject({ kind: 'dense', intermediate: 18_432 });
    expect(module?.layers.attention).toMatchObject({ kind: 'latent', sparse: undefined });
  });

  test('is no model of several layers', () => {
    expect(headFrom(small)).toBeUndefined();
  });

  test('joins the states of the model in the first pass only', () => {
    const groups = drafts(stepOperators(llama, precisionOf(llama), drafting(head(llama, 32_000), 3), batch(4)));
    const names = (name: string) => groups.find((group) => group.name === name)?.operators.map((operator) => operator.name) ?? [];
    expect(names('draft-input')).toContain('draft-projection');
    expect(names('draft-again-input')).not.toContain('draft-projection');
    expect(names('draft-again-input')).toContain('draft-embedding-projection');
    expect(groups.find(({ name }) => name === 'draft-again-head')?.count).toBe(2);
  });
});

test('every further token costs a pass of what drafts, and a lookup costs the host alone', () => {
  for (const drafter of [own(small), head(llama), head(llama, 32_000)]) {
    const work = (tokens: number) => flop(drafts(stepOperators(llama, precisionOf(llama), drafting(drafter, tokens), batch(8))));
    expect(work(3) - work(2)).toBe(work(4) - work(3));
    expect(work(3)).toBeGreaterThan(work(2));
  }
  const groups = drafts(stepOperators(llama, precisionOf(llama), drafting({ kind: 'lookup' }, 4), batch(5)));
  expect(groups.flatMap(({ operators }) => operators)).toEqual([{ kind: 'host', name: 'draft-lookup', stage: 'draft', tokens: 600 }]);
  expect(draftBytes(llama, drafting({ kind: 'lookup' }, 4))).toBe(0);
});
