import type { Attention, GroupedQueryAttention, LatentAttention } from '../model.ts';
import { isCount, isText, type Fields } from './fields.ts';
import type { Family } from './family.ts';

/** The attention of every layer, first to last. */
export function attentionsOf(fields: Fields, family: Family, hidden: number, layers: number): readonly Attention[] {
  if (family.attention === 'latent') {
    const attention = latent(fields);
    return Array.from({ length: layers }, () => attention);
  }
  const windows = windowsOf(fields, layers);
  const full = groupedQuery(fields, family, hidden, '');
  const windowed = fields.has('hybrid_layer_pattern') ? groupedQuery(fields, family, hidden, 'swa_') : full;
  return windows.map((window) => withSinks(window === undefined ? full : { ...windowed, window }, family, fields));
}

function withSinks(attention: GroupedQueryAttention, family: Family, fields: Fields): GroupedQueryAttention {
  if (family.sinks === undefined) return attention;
  if (family.sinks === 'all') return { ...attention, sinks: true };
  return { ...attention, sinks: fields.flag(attention.window === undefined ? 'add_full_attention_sink_bias' : 'add_swa_attention_sink_bias', false) };
}

/** `prefix` picks the fields of windowed layers where these have head counts of their own. */
function groupedQuery(fields: Fields, family: Family, hidden: number, prefix: string): GroupedQueryAttention {
  const heads = fields.count(`${prefix}num_attention_heads`);
  const keyValueHeads = fields.count(`${prefix}num_key_value_heads`, heads);
  if (heads % keyValueHeads !== 0) fields.wrong(`${prefix}num_key_value_heads`, `expected a divisor of the ${heads} query heads, got ${keyValueHeads}`);
  const sized = fields.has(`${prefix}head_dim`);
  if (!sized && hidden % heads !== 0)
    fields.wrong(`${prefix}num_attention_heads`, `expected a divisor of hidden_size ${hidden} where head_dim is not stated, got ${heads}`);
  const headSize = sized ? fields.count(`${prefix}head_dim`) : Math.max(1, Math.floor(hidden / heads));
  const { bias } = family;
  const asked = fields.flag('attention_bias', false) || fields.flag('qkv_bias', false);
  if (asked && bias?.key === undefined) fields.wrong('attention_bias', 'expected false: this family has no such bias');
  const biased = bias !== undefined && (bias.always === true || (bias.key !== undefined && asked));
  const norm = queryKeyNorm(fields, family);
  return {
    kind: 'grouped-query',
    heads,
    keyValueHeads,
    headSize,
    valueHeadSize: fields.count(`${prefix}v_head_dim`, headSize),
    bias: { queryKeyValue: biased, output: biased && bias.output },
    queryKeyNorm: norm !== 'none',
    ...(norm === 'heads' ? { queryKeyNormAcrossHeads: true } : {}),
    sinks: false,
    gate: fields.flag('attention_output_gate', false),
  };
}

function queryKeyNorm(fields: Fields, family: Family): 'none' | 'head' | 'heads' {
  const asked = fields.flag('use_qk_norm', family.queryKeyNorm !== undefined && family.queryKeyNormKey === undefined);
  const type = fields.name('qk_norm_type', ['per_head', 'per_layer'], family.queryKeyNorm === 'heads' ? 'per_layer' : 'per_head');
  if (family.queryKeyNorm === undefined) {
    if (asked) fields.wrong('use_qk_norm', 'expected false: this family has no norms on queries and keys');
    return 'none';
  }
  if (!asked) {
    if (family.queryKeyNormKey === undefined) fields.wrong('use_qk_norm', 'expected true: this family always has norms on queries and keys');
    return 'none';
  }
  return type === 'per_layer' ? 'heads' : 'head';
}

function latent(fields: Fields): LatentAttention {
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
    ...(indexed ? { sparse: { heads: fields.count('index_n_heads'), headSize: fields.count('index_head_dim'), topK: fields.count('index_topk') } } : {}),
  };
}

/** The window of every layer: by `layer_types`, by a 0/1 pattern, in the upper layers, in all layers, or nowhere. */
function windowsOf(fields: Fields, layers: number): readonly (number | undefined)[] {
  const used = fields.raw('use_sliding_window') === undefined ? undefined : fields.flag('use_sliding_window', false);
  const window = used === false ? void fields.raw('sliding_window') : fields.optionalCount('sliding_window');
  const from = fields.optionalCount('max_window_layers', 0);
  const types = fields.list('layer_types', 'text', isText);
  const pattern = fields.list('hybrid_layer_pattern', '0 or 1', isCount);
  const pick = (name: string, list: readonly unknown[], windowed: (i: number) => boolean): readonly (number | undefined)[] => {
    if (list.length !== layers) fields.wrong(name, `expected ${layers} items, one per layer, got ${list.length}`);
    if (window === undefined && list.some((_, i) => windowed(i))) fields.wrong('sliding_window', `expected a whole number: ${name} names windowed layers`);
    return Array.from({ length: layers }, (_, i) => (windowed(i) ? (window ?? 1) : undefined));
  };
  if (types !== undefined) {
    types.forEach((type, i) => {
      if (type !== 'sliding_attention' && type !== 'full_attention')
        fields.wrong(`layer_types[${i}]`, `expected full_attention or sliding_attention, got "${type}"; other kinds of layer are not supported`);
    });
    return pick('layer_types', types, (i) => types[i] === 'sliding_attention');
  }
  if (pattern !== undefined) return pick('hybrid_layer_pattern', pattern, (i) => pattern[i] === 1);
  return Array.from({ length: layers }, (_, i) => (window === undefined || (used === true && i < (from ?? 0)) ? undefined : window));
}
