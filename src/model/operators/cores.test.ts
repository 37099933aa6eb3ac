import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import llamaFile from '../../../data/models/llama-3.1-70b.yaml?raw';
import ossFile from '../../../data/models/gpt-oss-20b.yaml?raw';
import r1File from '../../../data/models/deepseek-r1.yaml?raw';
import sparseFile from '../../../data/models/deepseek-v3.2.yaml?raw';
import { modelFromConfig } from '../config/config.ts';
import type { Layout } from '../layout.ts';
import type { Model } from '../model.ts';
import type { OperatorGroup } from '../operator.ts';
import { precisionOf } from '../precision.ts';
import { coreBuilder, stepBuilder } from './step.ts';

const load = (text: string, name: string): Model => modelFromConfig((parse(text) as { config: unknown }).config, name);
const models = [
  ['grouped', load(llamaFile, 'grouped')],
  ['windows', load(ossFile, 'windows')],
  ['latent', load(r1File, 'latent')],
  ['sparse', load(sparseFile, 'sparse')],
] as const;

const layout: Layout = {
  dies: 8,
  tensor: 2,
  pipeline: 1,
  attention: 'tensor',
  context: { parallel: 2, exchange: 'all-gather', decode: 2 },
  experts: { parallel: 8, sharedDies: 0, redundant: 0, load: { kind: 'uniform' } },
  microbatches: 2,
  draftTokens: 1,
};
const batch = {
  rank: { decodeSequences: 8, queryTokens: 2, decodeContext: 9000, prefillTokens: 700, prefillSequences: 4, prefillPairs: 150_000, prefillContext: 1500 },
  instanceTokens: 2000,
};

describe.each(models)('%s', (_, model) => {
  test('cores are those of the step: the same operators in the same order in the same groups', () => {
    const whole = stepBuilder(model, precisionOf(model), layout)(batch);
    const { like, of } = coreBuilder(model, precisionOf(model), layout);
    const cores = whole.map((_, g) => of(batch, g, true));
    expect(cores.map(({ microbatches }) => microbatches)).toEqual(whole.map(({ microbatches }) => microbatches));
    expect(like.map((first) => cores[first])).toEqual(cores);
    for (const [g, { operators }] of cores.entries()) {
      const alone = of(batch, g, false).operators.map((operator) => JSON.stringify(operator));
      expect(operators.map((operator) => JSON.stringify(operator)).filter((text) => alone.includes(text))).toEqual(alone);
    }
    for (const [g, { operators }] of cores.entries()) {
      const texts = whole[g]?.operators.map((operator) => JSON.stringify(operator)) ?? [];
      let at = -1;
      for (const operator of operators) {
        at = texts.indexOf(JSON.stringify(operator), at + 1);
        expect(at, operator.name).toBeGreaterThanOrEqual(0);
      }
    }
    expect(cores.some(({ operators }) => operators.some((operator) => operator.kind === 'compute' && operator.class.includes('attention')))).toBe(true);
  });
});

test('a draft layer like those of the model shares their list; one over other positions or of another form has its own', () => {
  const model = load(r1File, 'latent');
  const of = (other: Model): ReadonlyMap<string, OperatorGroup> =>
    new Map(stepBuilder(other, precisionOf(other), { ...layout, draftTokens: 2 })(batch).map((group) => [group.name, group]));
  const groups = of(model);
  const layers = groups.get('experts-layers')?.operators;
  expect(layers?.length).toBeGreaterThan(20);
  expect(groups.get('draft')?.operators).toBe(layers);
  expect(groups.get('draft-again')?.operators).not.toEqual(layers);
  expect(groups.get('dense-layers')?.operators).not.toEqual(layers);
  const { draft: module } = model;
  if (module === undefined) throw new Error('no draft module');
  const normed = of({ ...model, draft: { ...module, layers: { ...module.layers, norms: 3 } } });
  expect(normed.get('experts-layers')?.operators).toEqual(layers);
  expect(normed.get('draft')?.operators).toEqual([...(layers ?? []), expect.objectContaining({ name: 'post-norm' })]);
});

test('layers that attend alike share the operators of that, whatever stands behind it; those that attend in another way share none', () => {
  const shared = (model: Model, one: RegExp, other: RegExp): readonly string[] => {
    const groups = stepBuilder(model, precisionOf(model), layout)(batch);
    const [a, b] = [one, other].map((name) => groups.find((group) => name.test(group.name))?.operators ?? []);
    return (a ?? []).filter((operator) => b?.includes(operator)).map(({ name }) => name);
  };
  const names = shared(load(r1File, 'latent'), /^dense-layers$/, /^experts-layers$/);
  expect(names[0]).toBe('attention-norm');
  expect(names).toEqual(expect.arrayContaining(['attention-prefill', 'attention-decode', 'output-projection']));
  expect(names).not.toContain('feed-forward-norm');
  expect(shared(load(ossFile, 'windows'), /^window-/, /^full-/)).toEqual([]);
});
