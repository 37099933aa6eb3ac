import type { LatentAttention } from '../attention.ts';
import { isText, type Fields } from './fields.ts';

/** Latent attention, with a sparse index in front where the fields name one. */
export function latent(fields: Fields): LatentAttention {
  const heads = fields.count('num_attention_heads');
  const keyValueHeads = fields.count('num_key_value_heads', heads);
  if (keyValueHeads !== heads)
    fields.wrong('num_key_value_heads', `expected the ${heads} query heads, got ${keyValueHeads}: the latent is shared by all heads`);
  if (fields.flag('attention_bias', false)) fields.wrong('attention_bias', 'expected false: latent attention with biases is not supported');
  const queryRank = fields.optionalCount('q_lora_rank');
  const indexed = fields.has('index_n_heads') || fields.has('index_head_dim') || fields.has('index_topk');
  if (indexed && queryRank === undefined) fields.wrong('q_lora_rank', 'expected a whole number: the index reads the compressed query');
  return {
    kind: 'latent',
    heads,
    ...(queryRank === undefined ? {} : { queryRank }),
    keyValueRank: fields.count('kv_lora_rank'),
    nopeHeadSize: fields.count('qk_nope_head_dim'),
    ropeHeadSize: fields.count('qk_rope_head_dim'),
    valueHeadSize: fields.count('v_head_dim'),
    ...(fields.flag('mla_use_output_gate', false) ? { gate: true } : {}),
    ...(indexed ? { sparse: { heads: fields.count('index_n_heads'), headSize: fields.count('index_head_dim'), topK: fields.count('index_topk') } } : {}),
  };
}

/** Which layers choose keys by an index of their own, and which take over what an earlier one chose. */
export function indexed(fields: Fields, attention: LatentAttention, layers: number): readonly LatentAttention[] {
  const types = fields.list('indexer_types', 'text', isText);
  for (const name of ['index_topk_freq', 'index_skip_topk_offset', 'index_topk_pattern', 'index_share_for_mtp_iteration'])
    if (types !== undefined) fields.raw(name);
  if (types !== undefined && types.length !== layers) fields.wrong('indexer_types', `expected ${layers} items, one per layer, got ${types.length}`);
  types?.forEach((type, i) => {
    if (type !== 'full' && type !== 'shared') fields.wrong(`indexer_types[${i}]`, `expected full or shared, got "${type}"`);
  });
  if (types?.[0] === 'shared') fields.wrong('indexer_types[0]', 'expected full: there is no layer before the first');
  const { sparse } = attention;
  if (types !== undefined && sparse === undefined) fields.wrong('index_n_heads', 'expected a whole number, got nothing: indexer_types names an index');
  const shared: LatentAttention = sparse === undefined ? attention : { ...attention, sparse: { ...sparse, shared: true } };
  return Array.from({ length: layers }, (_, i) => (types?.[i] === 'shared' ? shared : attention));
}
