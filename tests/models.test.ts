import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { dataNames } from '../cli/data.ts';
import { comparableActive, differs } from '../cli/models/facts.ts';
import { modelAsJson, modelsAsJson } from '../cli/models/json.ts';
import { listModels, showModel } from '../cli/models/text.ts';
import { loadModel, loadModelCard } from '../cli/models.ts';
import type { PrintedCount } from '../schema/model.ts';
import { InputError, type Issue } from '../src/base/errors.ts';
import { kvBytesPerToken } from '../src/model/kv.ts';
import { parametersOf } from '../src/model/parameters.ts';

const shared = fileURLToPath(new URL('../../shared/', import.meta.url));
const present = existsSync(join(shared, 'models'));
if (!present) process.stdout.write('skipped: the published configurations, as ../shared/models is absent\n');

function issuesOf(load: () => unknown): readonly Issue[] {
  try {
    load();
  } catch (error) {
    if (error instanceof InputError) return error.issues;
    throw error;
  }
  return [];
}

/** Every published configuration and its parameters. */
const published: Readonly<Record<string, number>> = {
  'MiniMaxAI--MiniMax-M1': 456_089_655_296,
  'MiniMaxAI--MiniMax-M2': 228_689_764_864,
  'MiniMaxAI--MiniMax-M2.5': 228_689_764_864,
  'MiniMaxAI--MiniMax-M2.7': 228_689_764_864,
  'MiniMaxAI--MiniMax-M3': 426_174_558_336,
  'Qwen--Qwen2.5-7B-Instruct': 7_615_616_512,
  'Qwen--Qwen3-0.6B': 596_049_920,
  'Qwen--Qwen3-235B-A22B': 235_093_634_560,
  'Qwen--Qwen3-235B-A22B-FP8': 235_093_634_560,
  'Qwen--Qwen3-30B-A3B': 30_532_122_624,
  'Qwen--Qwen3-30B-A3B-FP8': 30_532_122_624,
  'Qwen--Qwen3-32B': 32_762_123_264,
  'Qwen--Qwen3-32B-FP8': 32_762_123_264,
  'Qwen--Qwen3-8B': 8_190_735_360,
  'Qwen--Qwen3-Coder-480B-A35B-Instruct': 480_154_875_392,
  'Qwen--Qwen3-Next-80B-A3B-Instruct': 79_674_391_296,
  'Qwen--Qwen3-VL-235B-A22B-Instruct': 235_093_634_560,
  'Qwen--Qwen3-VL-30B-A3B-Instruct': 30_532_122_624,
  'Qwen--Qwen3-VL-8B-Instruct': 8_190_735_360,
  'Qwen--Qwen3.5-122B-A10B': 122_111_526_912,
  'Qwen--Qwen3.5-27B': 26_895_998_464,
  'Qwen--Qwen3.5-35B-A3B': 34_660_610_688,
  'Qwen--Qwen3.5-397B-A17B': 396_346_350_336,
  'XiaomiMiMo--MiMo-V2-Flash': 308_778_780_864,
  'deepseek-ai--DeepSeek-R1': 671_026_419_200,
  'deepseek-ai--DeepSeek-V2-Lite': 15_706_484_224,
  'deepseek-ai--DeepSeek-V3': 671_026_419_200,
  'deepseek-ai--DeepSeek-V3.1': 671_026_419_200,
  'deepseek-ai--DeepSeek-V3.2': 671_877_944_064,
  'deepseek-ai--DeepSeek-V4-Flash': 284_332_240_471,
  'deepseek-ai--DeepSeek-V4-Pro': 1_572_997_201_763,
  'google--gemma-4-26B-A4B': 25_233_141_760,
  'meta-llama--Llama-2-7b-hf': 6_738_415_616,
  'meta-llama--Llama-4-Maverick-17B-128E-Instruct': 400_711_848_960,
  'meta-llama--Llama-4-Scout-17B-16E-Instruct': 107_769_861_120,
  'meta-llama--Meta-Llama-3.1-405B': 405_853_388_800,
  'meta-llama--Meta-Llama-3.1-70B': 70_553_706_496,
  'meta-llama--Meta-Llama-3.1-8B': 8_030_261_248,
  'microsoft--Phi-mini-MoE-instruct': 7_647_632_704,
  'microsoft--phi-4': 14_659_507_200,
  'mistralai--Mistral-7B-Instruct-v0.3': 7_248_023_552,
  'mistralai--Mixtral-8x22B-v0.1': 140_620_634_112,
  'mistralai--Mixtral-8x7B-v0.1': 46_702_792_704,
  'moonshotai--Kimi-K2-Instruct': 1_026_408_232_448,
  'moonshotai--Kimi-K2.5': 1_026_408_232_448,
  'moonshotai--Kimi-K3': 2_779_481_795_168,
  'nvidia--NVIDIA-Nemotron-3-Nano-30B-A3B-BF16': 31_577_940_288,
  'nvidia--NVIDIA-Nemotron-3-Super-120B-A12B-NVFP4': 120_668_707_840,
  'openai--gpt-oss-120b': 116_829_156_672,
  'openai--gpt-oss-20b': 20_914_757_184,
  'stepfun-ai--Step-3.7-Flash': 195_832_700_736,
  'zai-org--GLM-4.5': 352_797_829_024,
  'zai-org--GLM-5': 743_911_218_432,
  'zai-org--GLM-5-FP8': 743_911_218_432,
  'zai-org--GLM-5.1': 743_911_218_432,
  'zai-org--GLM-5.2': 743_377_019_904,
};

const fieldOf = ({ path }: Issue): string => path.replace(/^.*[.:] ?/, '');

describe.skipIf(!present)('published configurations', () => {
  test('the table has all of them', () => {
    const folders = readdirSync(join(shared, 'models')).filter((folder) => existsSync(join(shared, 'models', folder, 'config.json')));
    expect(Object.keys(published).sort()).toEqual(folders.sort());
    expect(folders).toHaveLength(56);
  });

  test.each(Object.entries(published))('%s', (folder, expected) => {
    expect(parametersOf(loadModel(join(shared, 'models', folder))).total).toBe(expected);
  });

  /** Billions in total and active that names and cards of hybrid families state: exact to the last digit printed, with head and embedding or without. */
  test.each([
    ['MiniMaxAI--MiniMax-M1', 456, 45.9, 'without head'],
    ['Qwen--Qwen3-Next-80B-A3B-Instruct', 79.7, 3.9, 'with embedding'],
    ['Qwen--Qwen3.5-122B-A10B', 122, 9.8, 'with embedding'],
    ['Qwen--Qwen3.5-397B-A17B', 396.3, 17.3, 'with embedding'],
    ['deepseek-ai--DeepSeek-V4-Flash', 284, 13.3, 'active'],
    ['deepseek-ai--DeepSeek-V4-Pro', 1573, 48.9, 'active'],
    ['google--gemma-4-26B-A4B', 25.2, 3.8, 'with embedding'],
    ['meta-llama--Llama-4-Maverick-17B-128E-Instruct', 400.7, 17.2, 'with embedding'],
    ['meta-llama--Llama-4-Scout-17B-16E-Instruct', 107.8, 17.2, 'with embedding'],
    ['nvidia--NVIDIA-Nemotron-3-Nano-30B-A3B-BF16', 31.6, 3.6, 'with embedding'],
    ['nvidia--NVIDIA-Nemotron-3-Super-120B-A12B-NVFP4', 120.7, 12.2, 'active'],
  ] as const)('%s has %d B parameters, %d B of them active', (folder, total, active, how) => {
    const model = loadModel(join(shared, 'models', folder));
    const counts = parametersOf(model);
    const head = how === 'without head' ? model.hidden * model.vocabulary : 0;
    const found = (how === 'with embedding' ? counts.activeWithEmbedding : counts.active) - head;
    expect([counts.total / 1e9, found / 1e9]).toEqual([expect.closeTo(total, Number.isInteger(total) ? 0 : 1), expect.closeTo(active, 1)]);
  });

  test.each([
    ['Qwen--Qwen3-Next-80B-A3B-Instruct', 'grouped-query', 1_650_471_424, 0],
    ['Qwen--Qwen3.5-397B-A17B', 'grouped-query', 6_595_568_128, 0],
    ['nvidia--NVIDIA-Nemotron-3-Super-120B-A12B-NVFP4', 'grouped-query', 2_942_325_248, 2 * 131_072 * 4096],
    ['deepseek-ai--DeepSeek-V4-Flash', 'compressed', 6_610_048_891, 2 * 129_280 * 4096],
    ['zai-org--GLM-5.2', 'latent', 9_952_920_576, 2 * 154_880 * 6144],
  ])('the draft module of %s attends (%s)', (folder, kind, draft, copies) => {
    const model = loadModel(join(shared, 'models', folder));
    expect(model.draft?.layers.attention.kind).toBe(kind);
    expect(parametersOf(model)).toMatchObject({ draft, draftCopies: copies });
  });

  test.each([
    ['deepseek-ai--DeepSeek-V3-inference/config_671B.json', 'DeepSeek-V3'],
    ['deepseek-ai--DeepSeek-V3-inference/config_v3.1.json', 'DeepSeek-V3.1'],
    ['deepseek-ai--DeepSeek-V3.2-Exp-inference/config_671B_v3.2.json', 'DeepSeek-V3.2'],
  ])("the publisher's own %s is the main model of %s", (file, published) => {
    const [own, other] = [loadModel(join(shared, 'models', file)), loadModel(join(shared, 'models', `deepseek-ai--${published}`))];
    expect(own.groups).toEqual(other.groups);
    expect(own.quantisation).toEqual(other.quantisation);
    expect(parametersOf(own).total).toBe(parametersOf(other).total);
  });

  test.each([
    ['../models-abridged/google--gemma-3-27b-it.json', 'model_type'],
    ['../models-abridged/openpangu--openPangu-Ultra-MoE-718B.json', 'model_type'],
    ['../models-abridged/zai-org--GLM-4.7-FP8.json', '_note'],
  ])('%s is no published configuration and is refused by %s', (file, field) => {
    expect(issuesOf(() => loadModel(join(shared, 'models', file))).map(fieldOf)).toContain(field);
  });

  const origin = /huggingface\.co\/(\S+)\/(\S+)"?$/;
  test.each(dataNames('models').filter((name) => name !== 'llama-2-70b'))('the card of %s says what the publisher says', (name) => {
    const card = loadModelCard(name);
    const [, owner = '', repository = ''] = origin.exec(card.source) ?? [];
    expect({ ...card.model, name: '' }).toEqual({ ...loadModel(join(shared, 'models', `${owner}--${repository}`)), name: '' });
  });
});

describe.each(dataNames('models'))('%s', (name) => {
  const card = loadModelCard(name);

  test('counts are those that were published, to the last digit printed', () => {
    const counts = parametersOf(card.model);
    const { total, active, checkpoint } = card.published ?? {};
    const pairs: readonly (readonly [PrintedCount | undefined, number])[] = [
      [total, counts.total],
      [active, comparableActive(card, counts)],
      [checkpoint, counts.total + counts.draft + counts.draftCopies],
    ];
    expect(pairs.filter(([printed]) => printed !== undefined)).not.toEqual([]);
    expect(pairs.filter(([printed, own]) => printed !== undefined && differs(own, printed))).toEqual([]);
  });

  test('text and JSON show its counts', () => {
    const { total } = parametersOf(card.model);
    expect(showModel(card)).toContain(total.toLocaleString('en-US'));
    expect(showModel(card)).not.toMatch(/NaN|undefined|Infinity|differs/);
    const json = JSON.parse(modelAsJson(card)) as Record<string, unknown>;
    expect(Object.keys(json)[0]).toBe('schema');
    expect(json).toMatchObject({ schema: 'supernode/models/1', name, parameters: { total }, kvBytesPerToken: { bf16: kvBytesPerToken(card.model, 'bf16') } });
  });
});

test('the list has a line for every model', () => {
  const cards = dataNames('models').map((name) => loadModelCard(name));
  for (const { model } of cards) expect(listModels(cards)).toMatch(new RegExp(`^${model.name} `, 'm'));
  expect((JSON.parse(modelsAsJson(cards)) as { models: readonly unknown[] }).models).toHaveLength(cards.length);
});

describe('files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'models-'));
  afterAll(() => rmSync(folder, { recursive: true }));
  const card = readFileSync(new URL('../data/models/qwen3-8b.yaml', import.meta.url), 'utf8');
  const write = (name: string, text: string): string => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  };

  test('a card, a config.json and its folder are the same model', () => {
    const config = JSON.stringify((parse(card) as { config: unknown }).config);
    mkdirSync(join(folder, 'mine'));
    const path = write('mine/config.json', config);
    const model = loadModel(path);
    expect(model.name).toBe('mine');
    expect(loadModel(join(folder, 'mine'))).toEqual(model);
    expect(loadModel('mine/config.json', 'model', folder)).toEqual(model);
    expect({ ...loadModel(write('mine.yaml', card)), name: '' }).toEqual({ ...loadModel('qwen3-8b'), name: '' });
  });

  test.each([
    ['an unknown name', () => loadModel('qwen3-8'), 'model', /did you mean "qwen3-8b"/],
    ['no name', () => loadModel(' '), 'model', /got nothing/],
    ['a path to nothing', () => loadModel(join(folder, 'none.json')), 'model', /no such model file/],
    ['a folder without a configuration', () => loadModel(folder), 'model', /no config.json in the folder/],
    ['an empty file', () => loadModel(write('empty.json', '')), 'empty.json', /the file is empty/],
    ['a broken file', () => loadModel(write('broken.json', '{ "model_type": "qwen3", ')), 'broken.json: line 1', /must end with a }/],
    ['a list', () => loadModel(write('list.json', '[1]')), 'list.json', /expected the fields of a config.json/],
    ['an unknown key of a card', () => loadModel(write('key.yaml', `${card}vendr: x\n`)), 'vendr', /unknown key \(did you mean "vendor"\?\)/],
    [
      'a card without a source',
      () => loadModel(write('source.yaml', card.replace(/^source:.*$/m, ''))),
      'source',
      /expected where the configuration is published/,
    ],
    ['an empty configuration', () => loadModel(write('config.yaml', `${card.replace(/^config:[^]*$/m, '')}config: 3\n`)), 'config', /expected the fields/],
    [
      'a count in other words',
      () => loadModel(write('count.yaml', card.replace('8.2B', 'about 8 billion'))),
      'published.total',
      /such as 671B or 8030261248, got "about 8 billion"/,
    ],
    ['a negative count', () => loadModel(write('minus.yaml', card.replace('8.2B', '-8'))), 'published.total', /such as 671B/],
    [
      'an unknown way to count',
      () => loadModel(write('way.yaml', card.replace('total: 8.2B', 'counts: both'))),
      'published.counts',
      /expected one of with-embedding/,
    ],
    ['a wrong field inside a card', () => loadModel(write('field.yaml', card.replace('vocab_size: 151936', 'vocab_size: -1'))), 'config.vocab_size', /got -1/],
  ])('%s is refused', (_, load, where, message) => {
    expect(issuesOf(load).filter((issue) => issue.path.endsWith(where) && message.test(issue.message))).toHaveLength(1);
  });

  test('problems of a card and of its configuration come together', () => {
    const path = write('both.yaml', card.replace('title:', 'titel:').replace('vocab_size: 151936', 'vocab_size: -1'));
    expect(
      issuesOf(() => loadModel(path))
        .map(({ path: at }) => at.replace(`${path}: `, ''))
        .sort(),
    ).toEqual(['config.vocab_size', 'titel', 'title']);
  });
});
