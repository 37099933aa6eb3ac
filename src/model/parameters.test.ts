import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { modelFromConfig } from './config/config.ts';
import { kvBytesPerToken } from './kv.ts';
import { layerCount, type Model } from './model.ts';
import { elementsOf, mainTensors, parametersOf } from './parameters.ts';

const files = import.meta.glob<string>('../../data/models/*.yaml', { query: '?raw', import: 'default', eager: true });
const models = new Map(
  Object.entries(files).map(([path, text]): [string, Model] => {
    const name = path.replace(/^.*\/(.*)\.yaml$/, '$1');
    return [name, modelFromConfig((parse(text) as { config: unknown }).config, name)];
  }),
);

function named(name: string): Model {
  const model = models.get(name);
  if (model === undefined) throw new Error(name);
  return model;
}

describe('published counts', () => {
  test.each([
    ['deepseek-v2-lite', 15_706_484_224],
    ['deepseek-v3', 671_026_419_200],
    ['deepseek-r1', 671_026_419_200],
    ['deepseek-v3.1', 671_026_419_200],
    ['qwen3-8b', 8_190_735_360],
    ['qwen3-32b', 32_762_123_264],
    ['qwen3-30b-a3b', 30_532_122_624],
    ['qwen3-235b-a22b', 235_093_634_560],
    ['gpt-oss-20b', 20_914_757_184],
    ['gpt-oss-120b', 116_829_156_672],
    ['llama-2-70b', 68_976_648_192],
    ['llama-3.1-8b', 8_030_261_248],
    ['llama-3.1-70b', 70_553_706_496],
    ['llama-3.1-405b', 405_853_388_800],
    ['mixtral-8x7b', 46_702_792_704],
  ])('%s has %i parameters', (name, total) => {
    expect(parametersOf(named(name)).total).toBe(total);
  });

  test.each([
    ['deepseek-r1', 36.6e9, 'active'],
    ['deepseek-v2-lite', 2.45e9, 'active'],
    ['kimi-k2', 31.7e9, 'active'],
    ['gpt-oss-20b', 3.61e9, 'active'],
    ['gpt-oss-120b', 5.13e9, 'active'],
    ['qwen3-30b-a3b', 3.35e9, 'activeWithEmbedding'],
    ['qwen3-235b-a22b', 22.19e9, 'activeWithEmbedding'],
    ['mixtral-8x7b', 12.88e9, 'activeWithEmbedding'],
  ] as const)('%s has %f active ones', (name, active, how) => {
    expect(Math.abs(parametersOf(named(name))[how] / active - 1)).toBeLessThan(0.002);
  });

  test('kimi-k2 has 61 layers of the same form with 384 experts: 1.026 T', () => {
    expect(parametersOf(named('kimi-k2')).total).toBe(1_026_408_232_448);
    expect(layerCount(named('kimi-k2'))).toBe(61);
  });

  test('a sparse index adds its projections to every layer and nothing else', () => {
    const [dense, sparse] = [parametersOf(named('deepseek-v3')), parametersOf(named('deepseek-v3.2'))];
    const index = 1536 * 64 * 128 + 7168 * 128 + 2 * 128 + 7168 * 64;
    expect(sparse.total - dense.total).toBe(61 * index);
    expect(sparse.draft - dense.draft).toBe(index);
  });

  test('the draft module stands apart, and with copies of embedding and head makes the checkpoint', () => {
    const r1 = parametersOf(named('deepseek-r1'));
    expect(r1.draft).toBe(11_610_068_224);
    expect(r1.draftCopies).toBe(2 * 129_280 * 7168);
    expect(Math.round((r1.total + r1.draft + r1.draftCopies) / 1e9)).toBe(684);
    expect(parametersOf(named('kimi-k2')).draft).toBe(0);
  });
});

describe('KV bytes per token', () => {
  test.each([
    ['deepseek-r1', 70_272],
    ['kimi-k2', 70_272],
    ['deepseek-v2-lite', 27 * 576 * 2],
    ['llama-3.1-8b', 131_072],
    ['llama-3.1-70b', 327_680],
    ['llama-3.1-405b', 516_096],
    ['qwen3-30b-a3b', 98_304],
    ['gpt-oss-20b', 49_152],
  ])('%s keeps %i in 16 bit', (name, bytes) => {
    expect(kvBytesPerToken(named(name), 'bf16').main).toBe(bytes);
  });

  test('the draft layer has its own', () => {
    expect(kvBytesPerToken(named('deepseek-r1'), 'bf16').draft).toBe(1152);
  });

  test('half of the layers of gpt-oss see a window', () => {
    const { main, windowed } = kvBytesPerToken(named('gpt-oss-120b'), 'bf16');
    expect(windowed * 2).toBe(main);
  });

  test('an index keeps an 8-bit key and its scale for each token and layer, whatever the format of the KV', () => {
    for (const format of ['bf16', 'fp8'] as const) {
      const difference = kvBytesPerToken(named('deepseek-v3.2'), format).main - kvBytesPerToken(named('deepseek-v3.1'), format).main;
      expect(difference).toBe(61 * (128 + 4));
    }
  });
});

describe.each([...models])('%s', (_, model) => {
  const count = parametersOf(model);

  test('the classes add up to the total, and so do the tensors', () => {
    const main = count.classes.filter((entry) => entry.class !== 'draft');
    expect(main.reduce((sum, entry) => sum + entry.total, 0)).toBe(count.total);
    expect(mainTensors(model).reduce((sum, [tensor, layers]) => sum + elementsOf(tensor) * layers, 0)).toBe(count.total);
  });

  test('only experts and the embedding table are not all active', () => {
    const part = model.groups.map(({ feedForward }) => feedForward).find(({ kind }) => kind === 'experts');
    const share = (name: string): number => (name === 'embedding' ? 0 : name === 'experts' && part?.kind === 'experts' ? part.perToken / part.routed : 1);
    const main = count.classes.filter((entry) => entry.class !== 'draft');
    expect(main.map(({ active }) => active)).toEqual(main.map(({ class: name, total }) => total * share(name)));
    expect(count.draftActive).toBeLessThanOrEqual(count.draft);
  });
});
