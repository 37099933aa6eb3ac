import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import flash from '../../../data/models/deepseek-v4-flash.yaml?raw';
import gptOss from '../../../data/models/gpt-oss-20b.yaml?raw';
import maverick from '../../../data/models/llama-4-maverick.yaml?raw';
import m1 from '../../../data/models/minimax-m1.yaml?raw';
import nano from '../../../data/models/nemotron-3-nano-30b-a3b.yaml?raw';
import next from '../../../data/models/qwen3-next-80b-a3b.yaml?raw';
import qwen from '../../../data/models/qwen3-30b-a3b.yaml?raw';
import r1 from '../../../data/models/deepseek-r1.yaml?raw';
import { InputError, type Issue } from '../../base/errors.ts';
import { precisionOf } from '../precision.ts';
import { modelFromConfig } from './config.ts';

type Config = Readonly<Record<string, unknown>>;
const configs = Object.fromEntries(
  Object.entries({ r1, qwen, gptOss, next, nano, m1, maverick, flash }).map(([name, text]) => [name, (parse(text) as { config: Config }).config]),
) as Record<'r1' | 'qwen' | 'gptOss' | 'next' | 'nano' | 'm1' | 'maverick' | 'flash', Config>;

/** A good configuration with changes; undefined takes a field out. */
function changed(name: keyof typeof configs, changes: Config): Config {
  return Object.fromEntries(Object.entries({ ...configs[name], ...changes }).filter(([, value]) => value !== undefined));
}

function issuesOf(config: unknown): readonly Issue[] {
  try {
    modelFromConfig(config, 'test');
  } catch (error) {
    if (error instanceof InputError) return error.issues;
    throw error;
  }
  return [];
}

const quantised = (changes: Config): Config => ({ quantization_config: { ...(configs.r1['quantization_config'] as Config), ...changes } });
const bad: readonly (readonly [what: string, base: keyof typeof configs, changes: Config, path: string, message: RegExp])[] = [
  ['no family', 'r1', { model_type: undefined }, 'model_type', /expected one of llama, .*got nothing/],
  ['an unknown family', 'r1', { model_type: 'deepseek_v33' }, 'model_type', /did you mean "deepseek_v3/],
  ['a family that is no text', 'r1', { model_type: 3 }, 'model_type', /expected text, got 3/],
  ['a name of Object', 'r1', { model_type: 'constructor' }, 'model_type', /expected one of/],
  ['missing hidden size', 'r1', { hidden_size: undefined }, 'hidden_size', /at least 1, got nothing/],
  ['negative hidden size', 'r1', { hidden_size: -7168 }, 'hidden_size', /at least 1, got -7168/],
  ['NaN layers', 'r1', { num_hidden_layers: NaN }, 'num_hidden_layers', /got NaN/],
  ['infinite layers', 'r1', { num_hidden_layers: Infinity }, 'num_hidden_layers', /got Infinity/],
  ['absurdly many layers', 'r1', { num_hidden_layers: 1e8 }, 'num_hidden_layers', /at most 10000, got 100000000/],
  ['an absurd vocabulary', 'r1', { vocab_size: 1e12 }, 'vocab_size', /at most 1e9/],
  ['a number as text', 'r1', { vocab_size: '129280' }, 'vocab_size', /got "129280"/],
  ['half a head', 'r1', { num_attention_heads: 128.5 }, 'num_attention_heads', /got 128.5/],
  ['a list for a number', 'r1', { kv_lora_rank: [512] }, 'kv_lora_rank', /got a list of 1/],
  ['grouped heads on a latent', 'r1', { num_key_value_heads: 8 }, 'num_key_value_heads', /expected the 128 query heads, got 8/],
  ['heads that do not group', 'qwen', { num_key_value_heads: 5 }, 'num_key_value_heads', /divisor of the 32 query heads, got 5/],
  ['heads that do not divide', 'qwen', { head_dim: undefined, num_attention_heads: 12 }, 'num_attention_heads', /divisor of hidden_size 2048/],
  ['more active experts than there are', 'qwen', { num_experts_per_tok: 129 }, 'num_experts_per_tok', /at most the 128 routed experts, got 129/],
  ['no experts', 'qwen', { num_experts: undefined }, 'n_routed_experts', /got nothing/],
  ['more dense layers than layers', 'r1', { first_k_dense_replace: 62 }, 'first_k_dense_replace', /at most the 61 layers, got 62/],
  ['a dense layer behind the last', 'qwen', { mlp_only_layers: [48] }, 'mlp_only_layers', /below 48, got 48/],
  ['dense layers as text', 'qwen', { mlp_only_layers: ['1'] }, 'mlp_only_layers[0]', /layer numbers, got "1"/],
  ['biases of a latent', 'r1', { attention_bias: true }, 'attention_bias', /expected false/],
  ['a flag as text', 'qwen', { tie_word_embeddings: 'no' }, 'tie_word_embeddings', /true or false, got "no"/],
  ['an unknown activation', 'qwen', { hidden_act: 'relu2' }, 'hidden_act', /expected one of silu/],
  ['an unknown rule of choice', 'r1', { topk_method: 'noauxtc' }, 'topk_method', /did you mean "noaux_tc"/],
  ['an unknown format', 'r1', { torch_dtype: 'bf16' }, 'torch_dtype', /expected one of bfloat16/],
  ['an index without its width', 'r1', { index_n_heads: 64, index_topk: 2048 }, 'index_head_dim', /got nothing/],
  [
    'an index without a compressed query',
    'r1',
    { index_n_heads: 64, index_topk: 2048, index_head_dim: 128, q_lora_rank: undefined },
    'q_lora_rank',
    /compressed query/,
  ],
  ['layer types of another length', 'gptOss', { layer_types: ['full_attention'] }, 'layer_types', /expected 24 items, one per layer, got 1/],
  ['missing layer types', 'gptOss', { layer_types: undefined }, 'layer_types', /not determined without it/],
  ['a layer of another kind', 'gptOss', { layer_types: Array.from({ length: 24 }, () => 'linear_attention') }, 'layer_types[0]', /got "linear_attention"/],
  ['windows without a width', 'gptOss', { sliding_window: undefined }, 'sliding_window', /names windowed layers/],
  ['linear attention', 'qwen', { linear_num_key_heads: 16 }, 'linear_num_key_heads', /linear attention/],
  ['state-space layers', 'qwen', { mamba_num_heads: 16 }, 'mamba_num_heads', /state-space/],
  ['an unknown field', 'qwen', { use_magic: true }, 'use_magic', /unknown field/],
  ['a shared expert with a gate', 'qwen', { shared_expert_intermediate_size: 512 }, 'shared_expert_intermediate_size', /not supported/],
  ['value heads that do not group', 'next', { linear_num_value_heads: 24 }, 'linear_num_value_heads', /multiple of the 16 key heads, got 24/],
  ['no linear keys', 'next', { linear_num_key_heads: undefined }, 'linear_num_key_heads', /got nothing/],
  ['no word on which layers attend', 'next', { full_attention_interval: undefined }, 'full_attention_interval', /not determined without it/],
  ['no layer that attends', 'next', { full_attention_interval: 49 }, 'num_hidden_layers', /at least one layer with attention/],
  ['linear layers of another length', 'next', { layer_types: ['linear_attention'] }, 'layer_types', /expected 48 items/],
  ['a state of an unknown format', 'next', { mamba_ssm_dtype: 'float8' }, 'mamba_ssm_dtype', /expected one of float32/],
  ['a pattern of another length', 'nano', { hybrid_override_pattern: 'ME*' }, 'hybrid_override_pattern', /expected 52 letters, one per layer, got 3/],
  ['an unknown letter of a pattern', 'nano', { hybrid_override_pattern: 'X'.repeat(52) }, 'hybrid_override_pattern', /expected the letters M \* E -, got "X"/],
  ['no pattern', 'nano', { hybrid_override_pattern: undefined }, 'hybrid_override_pattern', /got nothing/],
  ['biases of a state space', 'nano', { mamba_proj_bias: true }, 'mamba_proj_bias', /expected false/],
  ['biases of experts', 'nano', { mlp_bias: true }, 'mlp_bias', /expected false/],
  ['a draft of another form', 'nano', { mtp_hybrid_override_pattern: 'ME' }, 'mtp_hybrid_override_pattern', /expected \*E/],
  ['a list of layers of another length', 'm1', { attn_type_list: [0, 1] }, 'attn_type_list', /expected 80 items, one per layer, got 2/],
  ['a list of layers as text', 'm1', { attn_type_list: ['linear'] }, 'attn_type_list[0]', /0 or 1, got "linear"/],
  ['chunks without a size', 'maverick', { attention_chunk_size: undefined }, 'attention_chunk_size', /not determined without it/],
  ['chunks of no tokens', 'maverick', { attention_chunk_size: 0 }, 'attention_chunk_size', /at least 1, got 0/],
  ['rotated layers of another length', 'maverick', { no_rope_layers: [1, 0] }, 'no_rope_layers', /expected 48 items/],
  ['ratios of fewer layers', 'flash', { compress_ratios: [4, 128] }, 'compress_ratios', /at least 43 items, one per layer, got 2/],
  ['compressed keys of several heads', 'flash', { num_key_value_heads: 8 }, 'num_key_value_heads', /expected 1/],
  ['output groups that do not divide', 'flash', { o_groups: 7 }, 'o_groups', /divisor of the 64 heads, got 7/],
  ['experts of an unknown format', 'flash', { expert_dtype: 'fp3' }, 'expert_dtype', /expected one of fp4/],
  ['no streams', 'flash', { hc_mult: 0 }, 'hc_mult', /at least 1, got 0/],
  ['an output gate that the family does not have', 'qwen', { attention_output_gate: true }, 'attention_output_gate', /no such gate/],
  ['indexes of another length', 'r1', { indexer_types: ['full'] }, 'indexer_types', /expected 61 items/],
  ['an index of a layer before the first', 'r1', { indexer_types: ['shared'] }, 'indexer_types[0]', /no layer before the first/],
  ['experts by another list', 'r1', { mlp_layer_types: ['dense', 'moe'] }, 'mlp_layer_types[1]', /dense or sparse, got "moe"/],
  ['an unknown quantisation', 'r1', quantised({ quant_method: 'fp7' }), 'quantization_config.quant_method', /expected one of fp8/],
  ['an unknown field of one', 'r1', quantised({ rotate: true }), 'quantization_config.rotate', /unknown field of a quantisation/],
  ['a block of one number', 'r1', quantised({ weight_block_size: [128] }), 'quantization_config.weight_block_size', /two whole numbers/],
  ['an unknown part', 'r1', quantised({ modules_to_not_convert: ['model.flux'] }), 'quantization_config.modules_to_not_convert', /names no known part/],
  ['a quantisation as text', 'r1', { quantization_config: 'fp8' }, 'quantization_config', /expected a map/],
  ['a text part as text', 'r1', { text_config: 'qwen' }, 'text_config', /expected a map/],
];

test.each(bad)('%s is refused by the name of the field', (_, base, changes, path, message) => {
  expect(issuesOf(changed(base, changes)).filter((issue) => issue.path === path && message.test(issue.message))).not.toEqual([]);
});

test('every problem is listed at once', () => {
  expect(issuesOf(changed('r1', { hidden_size: 0, vocab_size: 'x', use_magic: 1, topk_method: 'none' })).map(({ path }) => path)).toEqual(
    expect.arrayContaining(['hidden_size', 'vocab_size', 'use_magic', 'topk_method']),
  );
});

test.each([[null], [[]], ['text'], [3], [undefined]])('%j is no configuration', (value) => {
  expect(issuesOf(value)).toMatchObject([{ message: expect.stringMatching(/expected the fields of a config.json/) as string }]);
});

test('fields without effect change nothing', () => {
  const plain = modelFromConfig(configs.qwen, 'test');
  expect(
    modelFromConfig({ ...configs.qwen, rope_theta: 1, eos_token_id: [1, 2], auto_map: { A: 'code.A' }, initializer_range: 0.1, sliding_window: null }, 'test'),
  ).toEqual(plain);
});

test('the language part of a model with other inputs is the model', () => {
  const wrapped = { architectures: ['Seeing'], model_type: 'seeing', vision_config: { depth: 3 }, image_token_id: 5, text_config: configs.qwen };
  expect(modelFromConfig(wrapped, 'test')).toEqual({ ...modelFromConfig(configs.qwen, 'test'), architecture: 'Seeing' });
  expect(issuesOf({ ...wrapped, text_config: changed('qwen', { hidden_size: 0 }) }).map(({ path }) => path)).toEqual(['text_config.hidden_size']);
  expect(issuesOf({ ...wrapped, use_magic: true }).map(({ path }) => path)).toEqual(['use_magic']);
});

test('windows: in every layer, in the upper ones, or nowhere', () => {
  const windowed = (changes: Config) =>
    modelFromConfig(changed('qwen', { sliding_window: 4096, ...changes }), 'test').groups.map(({ count, attention }) => [
      count,
      attention.kind === 'grouped-query' ? attention.window : undefined,
    ]);
  expect(windowed({})).toEqual([[48, 4096]]);
  expect(windowed({ use_sliding_window: false })).toEqual([[48, undefined]]);
  expect(windowed({ use_sliding_window: true, max_window_layers: 40 })).toEqual([
    [40, undefined],
    [8, 4096],
  ]);
});

test('layers that alternate are counted together, and their order is kept', () => {
  const model = modelFromConfig(configs.gptOss, 'test');
  expect(model.groups.map(({ count }) => count)).toEqual([12, 12]);
  expect(model.order).toEqual(Array.from({ length: 24 }, (_, i) => i % 2));
});

describe('quantisation', () => {
  const withWeights = (weights: Config, activations: Config | null = null, ignore: readonly string[] = ['lm_head']) =>
    modelFromConfig(
      changed('qwen', {
        quantization_config: {
          quant_method: 'compressed-tensors',
          ignore,
          config_groups: { group_0: { targets: ['Linear'], weights, input_activations: activations } },
        },
      }),
      'test',
    );

  test.each([
    [
      'W8A8',
      { num_bits: 8, type: 'int', strategy: 'channel' },
      { num_bits: 8, type: 'int', strategy: 'token' },
      { weights: 'int8', activations: 'int8', scaleGroup: 0 },
    ],
    [
      'W4A8',
      { num_bits: 4, type: 'int', strategy: 'channel' },
      { num_bits: 8, type: 'int', strategy: 'token' },
      { weights: 'int4', activations: 'int8', scaleGroup: 0 },
    ],
    ['W4A16', { num_bits: 4, type: 'int', strategy: 'group', group_size: 32 }, null, { weights: 'int4', activations: 'bf16', scaleGroup: 32, scaleBytes: 2 }],
    [
      'NVFP4',
      { num_bits: 4, type: 'float', strategy: 'tensor_group', group_size: 16 },
      { num_bits: 4, type: 'float', strategy: 'tensor_group', group_size: 16 },
      { weights: 'fp4', activations: 'fp4', scaleGroup: 16, scaleBytes: 1 },
    ],
  ])('%s', (_, weights, activations, expected) => {
    expect(withWeights(weights, activations).quantisation).toMatchObject(expected);
  });

  test('modelopt, gptq and awq', () => {
    const of = (quantization_config: Config) => modelFromConfig(changed('qwen', { quantization_config }), 'test').quantisation;
    expect(of({ quant_method: 'modelopt', quant_algo: 'NVFP4', ignore: ['lm_head'], producer: { name: 'modelopt' } })).toMatchObject({
      weights: 'fp4',
      scaleGroup: 16,
    });
    expect(of({ quant_method: 'gptq', bits: 4, group_size: 128, desc_act: false })).toMatchObject({ weights: 'int4', activations: 'bf16', scaleGroup: 128 });
    expect(of({ quant_method: 'awq', bits: 4, group_size: 64, zero_point: true })).toMatchObject({ weights: 'int4', scaleGroup: 64 });
  });

  test('what a checkpoint leaves alone stays in the base format', () => {
    const model = withWeights({ num_bits: 4, type: 'int', strategy: 'group', group_size: 32 }, null, ['lm_head', 're:.*self_attn.*', 're:.*shared_experts.*']);
    expect(precisionOf(model)).toEqual({ weights: 'bf16', experts: 'int4', activations: 'bf16', kv: 'bf16' });
  });

  test('a flag overrides the checkpoint, and takes experts and activations with it', () => {
    const model = modelFromConfig(configs.r1, 'test');
    expect(precisionOf(model)).toEqual({ weights: 'fp8', experts: 'fp8', activations: 'fp8', kv: 'bf16' });
    expect(precisionOf(model, { weights: 'int8' })).toEqual({ weights: 'int8', experts: 'int8', activations: 'int8', kv: 'bf16' });
    expect(precisionOf(model, { weights: 'int8', experts: 'int4', kv: 'fp8' })).toEqual({ weights: 'int8', experts: 'int4', activations: 'int8', kv: 'fp8' });
    expect(precisionOf(model, { weights: 'int4' }).activations).toBe('bf16');
  });
});

describe("a publisher's own inference configuration", () => {
  const own: Config = {
    vocab_size: 129_280,
    dim: 7168,
    inter_dim: 18_432,
    moe_inter_dim: 2048,
    n_layers: 61,
    n_dense_layers: 3,
    n_heads: 128,
    n_routed_experts: 256,
    n_shared_experts: 1,
    n_activated_experts: 8,
    score_func: 'sigmoid',
    q_lora_rank: 1536,
    kv_lora_rank: 512,
    qk_nope_head_dim: 128,
    qk_rope_head_dim: 64,
    v_head_dim: 128,
    dtype: 'fp8',
  };

  test('is the same model as the published one', () => {
    expect(modelFromConfig(own, 'test').groups).toEqual(modelFromConfig(configs.r1, 'test').groups);
  });

  test('problems carry its own names', () => {
    expect(issuesOf({ ...own, dim: -1, n_layers: 'x', use_magic: 1, dtype: 'fp3' }).map(({ path }) => path)).toEqual(
      expect.arrayContaining(['dim', 'n_layers', 'use_magic', 'dtype']),
    );
  });
});

test('of a hybrid model, each kind of layer is a group, and a draft module attends', () => {
  const model = modelFromConfig(configs.next, 'test');
  expect(model.groups.map(({ count, attention }) => [count, attention.kind])).toEqual([
    [36, 'linear'],
    [12, 'grouped-query'],
  ]);
  expect(model.draft?.layers.attention.kind).toBe('grouped-query');
});

test('layers listed behind the last one are those of the draft module', () => {
  const { draft } = modelFromConfig(configs.flash, 'test');
  expect(draft?.layers.attention).toMatchObject({ kind: 'compressed', window: 128 });
  expect(draft?.layers.attention).not.toHaveProperty('ratio');
});
