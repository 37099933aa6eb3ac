import type { LinearAttention } from '../attention.ts';
import type { Family } from './family.ts';
import { Fields } from './fields.ts';
import { linearFields } from './layers.ts';

/** States are kept in 32 bit unless a field says otherwise: so do the published kernels. [B] */
const elements = { float32: 4, bfloat16: 2, float16: 2 } as const;

/** Tokens that the published scans of prompts take at once, where no field says so. */
const deltaChunk = 64;
const decayChunk = 256;

/** The recurrence of a family: the same form under four sets of fields. */
export function linearOf(fields: Fields, kind: NonNullable<Family['linear']>): LinearAttention {
  switch (kind) {
    case 'gated-delta':
      return checked(fields, 'linear_num_value_heads', {
        kind: 'linear',
        rule: 'delta',
        keyHeads: fields.count('linear_num_key_heads'),
        valueHeads: fields.count('linear_num_value_heads'),
        keyHeadSize: fields.count('linear_key_head_dim'),
        valueHeadSize: fields.count('linear_value_head_dim'),
        convolution: fields.count('linear_conv_kernel_dim'),
        convolutionBias: false,
        headInputs: 2,
        headScalars: 2,
        norm: 'head',
        stateElement: stateElement(fields, 'mamba_ssm_dtype'),
        chunk: deltaChunk,
      });
    case 'channel-delta':
      return channelDelta(linearFields(fields));
    case 'fixed-decay': {
      const heads = fields.count('num_attention_heads');
      const size = fields.count('head_dim');
      const state = { keyHeads: heads, valueHeads: heads, keyHeadSize: size, valueHeadSize: size, stateElement: elements.float32, chunk: decayChunk };
      return { kind: 'linear', rule: 'decay', ...state, convolution: 0, convolutionBias: false, headInputs: 0, headScalars: 0, norm: 'heads' };
    }
    case 'state-space':
      return stateSpace(fields);
  }
}

/** A decay for each key channel, made through a rank of one head; one gate, of full rank. */
function channelDelta(inner: Fields): LinearAttention {
  const heads = inner.count('num_heads');
  const size = inner.count('head_dim');
  inner.raw('gate_lower_bound');
  if (!inner.flag('use_full_rank_gate', false)) inner.wrong('use_full_rank_gate', 'expected true: a gate of lower rank is not supported');
  for (const name of ['kda_layers', 'full_attn_layers']) inner.raw(name);
  const convolution = inner.count('short_conv_kernel_size');
  for (const name of inner.left()) inner.wrong(name, 'unknown field: whether it changes what the model computes is not known');
  return {
    kind: 'linear',
    rule: 'delta',
    keyHeads: heads,
    valueHeads: heads,
    keyHeadSize: size,
    valueHeadSize: size,
    convolution,
    convolutionBias: false,
    headInputs: 1,
    headScalars: 1,
    decayRank: size,
    norm: 'head',
    stateElement: elements.float32,
    chunk: deltaChunk,
  };
}

/** State-space layers: groups are key heads, the state size is the key size, and inputs are values. */
function stateSpace(fields: Fields): LinearAttention {
  for (const name of ['mamba_proj_bias', 'use_bias']) if (fields.flag(name, false)) fields.wrong(name, 'expected false: such biases are not supported');
  return checked(fields, 'mamba_num_heads', {
    kind: 'linear',
    rule: 'decay',
    keyHeads: fields.count('n_groups'),
    valueHeads: fields.count('mamba_num_heads'),
    keyHeadSize: fields.count('ssm_state_size'),
    valueHeadSize: fields.count('mamba_head_dim'),
    convolution: fields.count('conv_kernel'),
    convolutionBias: fields.flag('use_conv_bias', false),
    headInputs: 1,
    headScalars: 3,
    norm: 'heads',
    stateElement: stateElement(fields, 'mamba_ssm_cache_dtype'),
    chunk: fields.count('chunk_size'),
  });
}

function checked(fields: Fields, name: string, attention: LinearAttention): LinearAttention {
  if (attention.valueHeads % attention.keyHeads !== 0)
    fields.wrong(name, `expected a multiple of the ${attention.keyHeads} key heads, got ${attention.valueHeads}`);
  return attention;
}

function stateElement(fields: Fields, name: string): number {
  return elements[fields.name(name, ['float32', 'bfloat16', 'float16'], 'float32')];
}
