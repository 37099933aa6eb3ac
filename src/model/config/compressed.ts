import type { CompressedAttention } from '../attention.ts';
import type { Family } from './family.ts';
import { isCount, type Fields } from './fields.ts';

/** Attention over a window and over compressed entries; the list of ratios goes on with those of the draft modules. */
export function compressed(fields: Fields, family: Family, layers: number): readonly CompressedAttention[] {
  const ratios = fields.list('compress_ratios', 'whole numbers', isCount) ?? [];
  if (ratios.length < layers) fields.wrong('compress_ratios', `expected at least ${layers} items, one per layer, got ${ratios.length}`);
  if (fields.count('num_key_value_heads', 1) !== 1) fields.wrong('num_key_value_heads', 'expected 1: compressed entries are shared by all heads');
  if (fields.flag('attention_bias', false)) fields.wrong('attention_bias', 'expected false: such biases are not supported');
  const heads = fields.count('num_attention_heads');
  const groups = fields.count('o_groups');
  if (heads % groups !== 0) fields.wrong('o_groups', `expected a divisor of the ${heads} heads, got ${groups}`);
  const window: CompressedAttention = {
    kind: 'compressed',
    heads,
    headSize: fields.count('head_dim'),
    ropeHeadSize: fields.count('qk_rope_head_dim'),
    queryRank: fields.count('q_lora_rank'),
    outputGroups: groups,
    outputRank: fields.count('o_lora_rank'),
    window: fields.count('sliding_window'),
    overlap: false,
  };
  const sparse = { heads: fields.count('index_n_heads'), headSize: fields.count('index_head_dim'), topK: fields.count('index_topk') };
  return Array.from({ length: Math.max(layers, ratios.length) }, (_, i) => {
    const ratio = ratios[i] ?? 0;
    if (ratio === 0) return window;
    return ratio === family.indexedRatio ? { ...window, ratio, overlap: true, sparse } : { ...window, ratio };
  });
}
