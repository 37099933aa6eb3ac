import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import flash from '../../data/models/deepseek-v4-flash.yaml?raw';
import gptOss from '../../data/models/gpt-oss-120b.yaml?raw';
import gptOssSmall from '../../data/models/gpt-oss-20b.yaml?raw';
import llama from '../../data/models/llama-3.1-70b.yaml?raw';
import nano from '../../data/models/nemotron-3-nano-30b-a3b.yaml?raw';
import qwen from '../../data/models/qwen3-30b-a3b.yaml?raw';
import next from '../../data/models/qwen3-next-80b-a3b.yaml?raw';
import r1File from '../../data/models/deepseek-r1.yaml?raw';
import { modelFromConfig } from './config/config.ts';
import { kvBytesOfSequence, kvBytesPerToken, kvBytesPerTokenPerDie } from './kv.ts';
import type { Layout } from './layout.ts';
import type { Model, TensorClass } from './model.ts';
import { parametersOf } from './parameters.ts';
import { stageLayers } from './pipeline.ts';
import { precisionOf } from './precision.ts';
import { expertsPerDie, weightBytes, weightBytesPerDie, type ClassBytes } from './weights.ts';

const load = (text: string, name: string): Model => modelFromConfig((parse(text) as { config: unknown }).config, name);
const r1 = load(r1File, 'r1');
const models = [r1, load(gptOss, 'gpt-oss'), load(llama, 'llama'), load(qwen, 'qwen'), load(next, 'next'), load(nano, 'nano'), load(flash, 'flash')];

const single: Layout = {
  dies: 1,
  tensor: 1,
  pipeline: 1,
  attention: 'tensor',
  experts: { parallel: 1, sharedDies: 0, redundant: 0, load: { kind: 'uniform' } },
  microbatches: 1,
  draftTokens: 0,
};
const layout = (change: Partial<Omit<Layout, 'experts'>>, experts: Partial<Layout['experts']> = {}): Layout => ({
  ...single,
  ...change,
  experts: { ...single.experts, ...experts },
});
const sum = (classes: readonly ClassBytes[]): number => classes.reduce((total, { bytes }) => total + bytes, 0);
const of = (classes: readonly ClassBytes[], name: TensorClass): number => classes.find((entry) => entry.name === name)?.bytes ?? 0;
const bf16 = (model: Model) => precisionOf(model, { weights: 'bf16' });

describe('weights of the whole model', () => {
  test.each(models)('$name in 16 bit takes two bytes a parameter', (model) => {
    const { total, draft } = parametersOf(model);
    expect(sum(weightBytes(model, bf16(model)))).toBe(2 * (total + draft));
  });

  test.each([
    [gptOss, 65_248_815_744],
    [gptOssSmall, 13_761_264_768],
  ])('the mxfp4 checkpoint has the published size', (text, bytes) => {
    const model = load(text, 'gpt-oss');
    expect(sum(weightBytes(model, precisionOf(model)))).toBe(bytes);
  });

  test('block-scaled 8-bit experts carry 4 bytes of scale for 128 x 128 weights', () => {
    const experts = 58 * 256 * 3 * 7168 * 2048;
    expect(of(weightBytes(r1, precisionOf(r1)), 'experts')).toBe(experts + (experts / 16_384) * 4);
  });

  test('experts that are stored in 4 bit carry a byte of scale for 32 weights, whatever the other weights have', () => {
    const model = load(flash, 'flash');
    expect(precisionOf(model)).toEqual({ weights: 'fp8', experts: 'fp4', activations: 'fp8', kv: 'bf16' });
    const experts = 43 * 256 * 3 * 4096 * 2048;
    expect(of(weightBytes(model, precisionOf(model)), 'experts')).toBe(experts / 2 + experts / 32);
  });

  test('narrower weights are never larger', () => {
    for (const model of models) {
      const sizes = (['bf16', 'int8', 'int4'] as const).map((weights) => sum(weightBytes(model, precisionOf(model, { weights }))));
      expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
    }
  });
});

describe('weights on a die', () => {
  test.each(models)('one die holds all of $name', (model) => {
    const alone = weightBytesPerDie(model, bf16(model), layout({ draftTokens: 1 }));
    expect(alone).toEqual(weightBytes(model, bf16(model)));
  });

  test('one expert of 44 M parameters a layer lies on each routed die of the published decode instance', () => {
    const decode = layout({ dies: 320, draftTokens: 1 }, { parallel: 320, sharedDies: 32, redundant: 32 });
    expect(expertsPerDie(256, decode)).toBe(1);
    const die = weightBytesPerDie(r1, precisionOf(r1, { weights: 'int8' }), decode);
    const [one, scales] = [3 * 7168 * 2048, (2 * 2048 + 7168) * 4];
    expect(of(die, 'experts')).toBe(58 * (one + scales));
    expect(of(die, 'shared')).toBe(0);
    expect(sum(die)).toBeLessThan(64e9);
  });

  test('ten experts, one of them shared, lie on each die of the published prefill instance', () => {
    for (const sharedDies of [0, 32]) {
      const prefill = layout({ dies: 32, tensor: 32, attention: 'sp-tp-sp' }, { parallel: 32, sharedDies, redundant: 32 });
      const die = weightBytesPerDie(r1, precisionOf(r1, { weights: 'int8' }), prefill);
      expect(of(die, 'experts') / of(die, 'shared')).toBeCloseTo(9, 9);
    }
  });

  test('tokens split over dies leave down and output projections whole', () => {
    const split = weightBytesPerDie(r1, bf16(r1), layout({ dies: 8, tensor: 8, attention: 'sp-tp-sp' }));
    const whole = weightBytesPerDie(r1, bf16(r1), single);
    expect(of(split, 'dense')).toBe(of(whole, 'dense'));
    expect(of(split, 'head')).toBe(of(whole, 'head'));
    const perHead = 61 * 2 * (1536 * 128 * 192 + 512 * 128 * 256);
    expect(of(whole, 'attention') - of(split, 'attention')).toBe((perHead * 7) / 8);
  });

  test('latent down projections and routers are whole on every tensor-parallel die', () => {
    const eight = weightBytesPerDie(r1, bf16(r1), layout({ dies: 8, tensor: 8 }));
    const one = weightBytesPerDie(r1, bf16(r1), single);
    const down = 61 * 2 * 7168 * (1536 + 576);
    expect(of(eight, 'attention')).toBe(down + (of(one, 'attention') - down) / 8);
    expect(of(eight, 'router')).toBe(of(one, 'router'));
    expect(of(eight, 'experts')).toBe(of(one, 'experts') / 8);
  });

  test('a shared expert is cut where the rank has all tokens, and whole where tokens are sent to their experts', () => {
    const shared = (parallel: number): number => of(weightBytesPerDie(r1, bf16(r1), layout({ dies: 32, tensor: 8 }, { parallel })), 'shared');
    expect(shared(8) * 8).toBe(of(weightBytesPerDie(r1, bf16(r1), single), 'shared'));
    expect(shared(32)).toBe(shared(8) * 8);
  });

  test('the draft module is loaded only by layouts that draft', () => {
    expect(of(weightBytesPerDie(r1, bf16(r1), single), 'draft')).toBe(0);
    expect(of(weightBytesPerDie(r1, bf16(r1), layout({ draftTokens: 1 })), 'draft')).toBe(2 * parametersOf(r1).draft);
  });

  const power = (most: number) => fc.integer({ min: 0, max: most }).map((n) => 2 ** n);
  const layouts = fc
    .record({
      tensor: power(4),
      data: power(3),
      pipeline: fc.integer({ min: 1, max: 4 }),
      spread: fc.boolean(),
      apart: fc.boolean(),
      redundant: fc.integer({ min: 0, max: 32 }),
    })
    .map(({ tensor, data, pipeline, spread, apart, redundant }) => {
      const parallel = spread ? tensor * data : 1;
      return layout({ dies: tensor * data * pipeline, tensor, pipeline }, { parallel, redundant, sharedDies: apart && parallel > 4 ? 2 : 0 });
    });

  test('the dies of an instance hold at least the whole model, and no die more than it', () => {
    fc.assert(
      fc.property(fc.constantFrom(...models), layouts, (model, cut) => {
        const whole = sum(weightBytesPerDie(model, bf16(model), single));
        const die = sum(weightBytesPerDie(model, bf16(model), cut));
        expect(die * cut.dies).toBeGreaterThanOrEqual(whole * (1 - 1e-12));
        expect(die).toBeLessThanOrEqual(sum(weightBytesPerDie(model, bf16(model), layout({}, { redundant: cut.experts.redundant }))));
      }),
      { numRuns: 60 },
    );
  });

  test('more tensor-parallel dies never put more on one', () => {
    for (const model of models) {
      const sizes = [1, 2, 4, 8, 16, 32].map((tensor) => sum(weightBytesPerDie(model, bf16(model), layout({ dies: tensor, tensor }))));
      expect(sizes).toEqual(sizes.toSorted((a, b) => b - a));
    }
  });
});

describe('stages of a pipeline', () => {
  test.each(models)('$name: the stages hold every layer once, in order', (model) => {
    for (const stages of [1, 2, 3, 5, 8]) {
      const layers = stageLayers(model, stages);
      model.groups.forEach((group, index) => expect(layers.reduce((total, stage) => total + (stage[index] ?? 0), 0)).toBe(group.count));
      const sizes = layers.map((stage) => stage.reduce((total, count) => total + count, 0));
      expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
    }
  });
});

describe('KV on a die', () => {
  test('a latent is whole on every tensor-parallel die, and split by tokens where tokens are split', () => {
    const precision = precisionOf(r1);
    expect(kvBytesPerTokenPerDie(r1, precision, layout({ dies: 8, tensor: 8 }))).toBe(70_272);
    expect(kvBytesPerTokenPerDie(r1, precision, layout({ dies: 32, tensor: 32, attention: 'sp-tp-sp' }))).toBe(70_272 / 32);
    expect(kvBytesPerTokenPerDie(r1, precision, layout({ draftTokens: 1 }))).toBe(62 * 1152);
  });

  test('heads are split down to one a die', () => {
    const model = load(llama, 'llama');
    const per = [1, 2, 8, 16].map((tensor) => kvBytesPerTokenPerDie(model, precisionOf(model), layout({ dies: tensor, tensor })));
    expect(per).toEqual([327_680, 163_840, 40_960, 40_960]);
    expect(kvBytesPerTokenPerDie(model, precisionOf(model, { kv: 'fp8' }), single)).toBe(163_840);
  });

  test('windowed layers stop growing at their window', () => {
    const model = load(gptOss, 'gpt-oss');
    const { main, windowed } = kvBytesPerToken(model, 'bf16');
    const at = (tokens: number) => kvBytesOfSequence(model, precisionOf(model), single, tokens);
    expect(at(128)).toBe(128 * main);
    expect(at(1128)).toBe(1128 * (main - windowed) + 128 * windowed);
  });
});
