import { describe, expect, test } from 'vitest';
import type { InstanceBatch, StepCost } from './batch.ts';
import { headLike, type Drafter } from '../model/drafter.ts';
import { precisionOf } from '../model/precision.ts';
import { compositions, type CompositionKind, type NamedSetting } from './compositions.contract.ts';
import type { CompilablePricer } from './compilable.ts';
import { stepPricer } from './pricer.ts';
import type { StepSetting } from './check.ts';
import { decoding, machines, models, prefilling, publishedDecode, publishedPrefill, stacks, uniform } from './settings.contract.ts';
import { SurfacePricer } from './surface.ts';
import { stages } from '../model/operator.ts';
import { engines } from './batch.ts';

const every: readonly CompositionKind[] = ['decode', 'prompts', 'mixed'];
const spread = (parallel: number): StepSetting['layout']['experts'] => ({ parallel, sharedDies: 0, redundant: 0, load: { kind: 'uniform' } });

const hopper: StepSetting = {
  machine: machines.hopper,
  model: models.llama,
  precision: precisionOf(models.llama),
  layout: { ...uniform, dies: 4, tensor: 4 },
  stack: stacks.vllm,
  role: 'merged',
};
const wide: StepSetting = {
  ...hopper,
  machine: { ...machines.hopperLarge, nodes: 2 },
  model: models.r1,
  precision: precisionOf(models.r1),
  layout: { ...uniform, dies: 16, experts: spread(16), draftTokens: 2 },
  stack: stacks.sglang,
};

const head = headLike(models.llama, 32_000);
const drafters: readonly Drafter[] = [
  ...(head === undefined ? [] : [{ kind: 'head', name: 'head', module: head } as const]),
  { kind: 'model', model: models.oss, precision: precisionOf(models.oss), tensor: 2 },
  { kind: 'lookup' },
];

/** Instances whose steps come apart in different ways. */
const settings: readonly NamedSetting[] = [
  { name: 'R1 decode, EP320', setting: publishedDecode, kinds: ['decode'] },
  {
    name: 'R1 decode, experts apart',
    setting: {
      ...publishedDecode,
      layout: {
        ...publishedDecode.layout,
        dies: 480,
        experts: { parallel: 288, sharedDies: 32, redundant: 0, load: { kind: 'skew', skew: 0.11 }, apart: true },
      },
    },
    kinds: ['decode'],
  },
  { name: 'R1 prefill, EP32', setting: publishedPrefill, kinds: ['prompts'] },
  { name: 'dense 70B, TP4', setting: hopper, kinds: every },
  { name: 'R1, EP16, two drafts', setting: wide, kinds: every },
  { name: 'R1, EP16, two microbatches', setting: { ...wide, layout: { ...wide.layout, draftTokens: 0, microbatches: 2 } }, kinds: every },
  {
    name: 'sparse, TP8 and EP8',
    setting: {
      ...wide,
      machine: machines.hopperLarge,
      model: models.sparse,
      precision: precisionOf(models.sparse),
      layout: { ...uniform, dies: 8, tensor: 8, experts: spread(8) },
    },
    kinds: every,
  },
  {
    name: 'experts, one rank',
    setting: { ...hopper, model: models.qwen, precision: precisionOf(models.qwen), layout: uniform },
    kinds: every,
  },
  {
    name: 'windows, four ranks in two expert groups',
    setting: { ...hopper, model: models.oss, precision: precisionOf(models.oss), layout: { ...uniform, dies: 4, experts: spread(2) } },
    kinds: every,
  },
  {
    name: 'dense 70B, four stages',
    setting: { ...hopper, layout: { ...uniform, dies: 8, tensor: 2, pipeline: 4 } },
    kinds: every,
  },
  {
    name: 'prompts over four dies of a context',
    setting: { ...hopper, layout: { ...uniform, dies: 8, tensor: 2, context: { parallel: 4, exchange: 'ring', decode: 1 } }, role: 'prefill' },
    kinds: ['prompts'],
  },
  {
    name: 'R1 on shared contexts, prompts and decodes together',
    setting: {
      ...wide,
      layout: { ...uniform, dies: 16, tensor: 4, context: { parallel: 2, exchange: 'all-gather', decode: 4 }, experts: spread(16) },
    },
    kinds: every,
  },
  {
    name: 'R1, KV over eight dies',
    setting: {
      ...wide,
      layout: { ...uniform, dies: 16, tensor: 8, context: { parallel: 1, exchange: 'all-gather', decode: 8 }, experts: spread(16) },
      role: 'decode',
    },
    kinds: ['decode'],
  },
  ...drafters.map((drafter) => ({
    name: `three drafts by ${drafter.kind}`,
    setting: { ...hopper, model: { ...models.llama, vocabulary: 201_088 }, layout: { ...hopper.layout, draftTokens: 3, drafter } },
    kinds: every,
  })),
];

/** Largest difference of the parts of two costs, as a share of the step. */
function apart(a: StepCost, b: StepCost): number {
  const parts = [...a.stages.map((part, i) => part - (b.stages[i] ?? 0)), ...a.busy.map((part, i) => part - (b.busy[i] ?? 0))];
  return Math.max(Math.abs(a.time - b.time), ...parts.map(Math.abs)) / b.time;
}

/** The same of what the stages of a pipeline have. */
function pipelineApart(a: StepCost, b: StepCost): number {
  const parts = ({ pipeline }: StepCost): readonly number[] => (pipeline === undefined ? [] : [...pipeline.stages, pipeline.send, pipeline.host]);
  const [left, right] = [parts(a), parts(b)];
  if (left.length !== right.length) return Infinity;
  return Math.max(0, ...left.map((part, i) => Math.abs(part - (right[i] ?? 0)))) / b.time;
}

describe.each(settings)('$name', (named) => {
  const exact = stepPricer(named.setting);
  const batches = compositions(named, 400);

  test('lies within 0.1 % of the exact cost, and so do its parts', () => {
    const surface = new SurfacePricer(exact);
    for (const batch of batches) {
      const read = surface.cost(batch);
      expect(apart(read, exact.cost(batch)), JSON.stringify(batch)).toBeLessThan(1e-3);
      expect(Math.abs(read.stages.reduce((sum, part) => sum + part, 0) / read.time - 1)).toBeLessThan(1e-12);
      expect(surface.compiles(batch)).toBe(true);
      expect(pipelineApart(read, exact.cost(batch))).toBeLessThan(1e-3);
    }
  });

  test('does not depend on what was asked before', () => {
    const warm = new SurfacePricer(exact);
    for (const batch of batches) warm.cost(batch);
    for (const batch of batches.slice(0, 8)) expect(warm.cost(batch)).toEqual(new SurfacePricer(exact).cost(batch));
  });

  test('a stretch says the time of every step that it holds for to the last bit, and what they come to together', () => {
    const surface = new SurfacePricer(stepPricer(named.setting));
    let held = 0;
    for (const batch of compositions({ ...named, kinds: ['decode'] }, 40)) {
      const stretch = surface.stretch(batch);
      if (stretch === undefined) continue;
      const { decodeSequences, decodeContext } = batch.rank;
      const sums = { stages: new Float64Array(stages.length + 1), busy: new Float64Array(engines.length) };
      const expected = { stages: sums.stages.slice(), busy: sums.busy.slice() };
      let [count, contexts] = [0, 0];
      for (let context = decodeContext; context <= stretch.to && count < 50; context += decodeSequences) {
        const cost = surface.cost({ ...batch, rank: { ...batch.rank, decodeContext: context } });
        expect(stretch.time(context)).toBe(cost.time);
        cost.stages.forEach((time, i) => (expected.stages[i]! += time));
        cost.busy.forEach((time, i) => (expected.busy[i]! += time));
        count++;
        contexts += context;
      }
      stretch.add(count, contexts, sums.stages, sums.busy);
      for (const key of ['stages', 'busy'] as const) sums[key].forEach((time, i) => expect(time).toBeCloseTo(expected[key][i] ?? Number.NaN, 9));
      held += count;
    }
    const { microbatches, pipeline } = named.setting.layout;
    expect(held).toBeGreaterThan(named.kinds.includes('decode') && microbatches === 1 && pipeline === 1 ? 50 : -1);
  });
});

test('lists the operators of few steps, however many there are', () => {
  const surface = new SurfacePricer(stepPricer(publishedDecode));
  const { rank, instanceTokens } = decoding(publishedDecode.layout, 96, 1000);
  for (let step = 0; step < 20_000; step++) surface.cost({ rank: { ...rank, decodeContext: rank.decodeContext + 192 * step }, instanceTokens });
  expect(surface.evaluations).toBeLessThan(500);
});

test('lists the operators of few steps of prompts, however many lengths there are', () => {
  const surface = new SurfacePricer(stepPricer(publishedPrefill));
  for (let step = 0; step < 20_000; step++) surface.cost(prefilling(publishedPrefill.layout, 8, 200 + ((step * 7919) % 3000)));
  expect(surface.evaluations).toBeLessThan(1500);
});

/** A pricer whose steps take longer than their operators. */
function behind(exact: CompilablePricer, extra: (batch: InstanceBatch) => number): CompilablePricer {
  const cost = (batch: InstanceBatch): StepCost => {
    const { time, busy, stages } = exact.cost(batch);
    const more = extra(batch);
    return { time: time + more, busy, stages: [...stages.slice(0, -1), (stages.at(-1) ?? 0) + more] };
  };
  return {
    cost,
    plan: (batch) => exact.plan(batch),
    priceOf: (planned, place) => exact.priceOf(planned, place),
    cores: exact.cores,
    priceAt: (planned, place, operator) => exact.priceAt(planned, place, operator),
  };
}

test('what all steps take besides their operators is added; steps that do not come apart are priced whole', () => {
  const exact = stepPricer(publishedDecode);
  const batch = decoding(publishedDecode.layout, 96, 4096);
  const constant = new SurfacePricer(behind(exact, () => 1e-3));
  expect(constant.cost(batch).time - exact.cost(batch).time).toBeCloseTo(1e-3, 5);
  expect(constant.compiles(batch)).toBe(true);
  const growing = behind(exact, ({ rank }) => 1e-12 * rank.decodeContext * rank.decodeSequences);
  const whole = new SurfacePricer(growing);
  expect(whole.compiles(batch)).toBe(false);
  expect(whole.cost(batch)).toEqual(growing.cost(batch));
});

test.each([3, 4] as const)('steps of fewer sequences than %i microbatches are priced as they are cut', (microbatches) => {
  const experts = { parallel: 288, sharedDies: 32, redundant: 0, load: { kind: 'skew', skew: 0.11 }, apart: true } as const;
  const layout = { ...publishedDecode.layout, dies: 480, microbatches, experts };
  const exact = stepPricer({ ...publishedDecode, layout });
  const surface = new SurfacePricer(exact);
  for (const sequences of [64, 3, 2, 1, 3, 4, 2]) {
    const batch = decoding(layout, sequences, 2000);
    expect(apart(surface.cost(batch), exact.cost(batch)), `${sequences} sequences`).toBeLessThan(1e-3);
  }
});
