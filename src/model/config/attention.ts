import type { Attention, BlockIndex, CompressedAttention, GroupedQueryAttention, LatentAttention } from '../attention.ts';
import type { Family } from './family.ts';
import { Fields, isCount, isRecord, isText } from './fields.ts';
import type { LayerKind } from './layers.ts';
import { linearOf } from './linear.ts';

/** The attention of every layer, first to last, and behind them that of draft modules where the fields list them too. */
export function attentionsOf(fields: Fields, family: Family, hidden: number, kinds: readonly LayerKind[]): readonly Attention[] {
  const attending = attendingOf(fields, family, hidden, kinds.length);
  const linear = family.linear === undefined ? undefined : linearOf(fields, family.linear);
  const layers = kinds.map(({ mixer }, i): Attention => {
    if (mixer === 'none') return { kind: 'none' };
    return mixer === 'linear' && linear !== undefined ? linear : (attending[i] as Attention);
  });
  return [...layers, ...attending.slice(layers.length)];
}

/** What every layer would attend with, if it attends. */
function attendingOf(fields: Fields, family: Family, hidden: number, layers: number): readonly Attention[] {
  if (family.attention === 'compressed') return compressed(fields, family, layers);
  if (family.attention === 'latent') return indexed(fields, latent(fields), layers);
  const windows = windowsOf(fields, layers, family.linear !== undefined);
  const full = groupedQuery(fields, family, hidden, '');
  const windowed = fields.has('hybrid_layer_pattern') ? groupedQuery(fields, family, hidden, 'swa_') : full;
  const whole = family.globalHeads === true ? global(fields, full) : full;
  const blocks = blocksOf(fields, layers);
  const chunks = family.fullEvery === undefined ? [] : chunksOf(fields, family.fullEvery, layers);
  return windows.map((window, i) => {
    const [chunk, index] = [chunks[i], blocks[i]];
    const attention = window === undefined ? whole : { ...windowed, window };
    return withSinks({ ...attention, ...(chunk === undefined ? {} : { chunk }), ...(index === undefined ? {} : { blocks: index }) }, family, fields);
  });
}

/** Layers of full attention with head counts and sizes of their own; where keys are values, one projection makes both. */
function global(fields: Fields, attention: GroupedQueryAttention): GroupedQueryAttention {
  const headSize = fields.count('global_head_dim', attention.headSize);
  const keysAsValues = fields.flag('attention_k_eq_v', false);
  const keyValueHeads = keysAsValues ? fields.count('num_global_key_value_heads', attention.keyValueHeads) : void fields.raw('num_global_key_value_heads');
  return {
    ...attention,
    headSize,
    valueHeadSize: headSize,
    keyValueHeads: keyValueHeads ?? attention.keyValueHeads,
    ...(keysAsValues ? { keysAsValues } : {}),
  };
}

/** The chunk of every layer that has one: all but every so many, or those that `no_rope_layers` marks with 1. */
function chunksOf(fields: Fields, fullEvery: number, layers: number): readonly (number | undefined)[] {
  const chunk = fields.optionalCount('attention_chunk_size');
  const rotated = fields.list('no_rope_layers', '0 or 1', isCount);
  if (rotated !== undefined && rotated.length > 0 && rotated.length !== layers)
    fields.wrong('no_rope_layers', `expected ${layers} items, one per layer, got ${rotated.length}`);
  const listed = rotated !== undefined && rotated.length > 0 ? rotated : undefined;
  return Array.from({ length: layers }, (_, i) => ((listed === undefined ? (i + 1) % fullEvery !== 0 : listed[i] === 1) ? chunk : undefined));
}

/** The index over blocks of every layer that has one. */
function blocksOf(fields: Fields, layers: number): readonly (BlockIndex | undefined)[] {
  const value = fields.raw('sparse_attention_config');
  if (!isRecord(value)) return [];
  const inner = new Fields(value, fields.path('sparse_attention_config'), fields.issues);
  const used = inner.flag('use_sparse_attention', true);
  const layered = inner.list('sparse_attention_freq', '0 or 1', isCount) ?? [];
  if (layered.length !== layers) inner.wrong('sparse_attention_freq', `expected ${layers} items, one per layer, got ${layered.length}`);
  const index: BlockIndex = {
    heads: inner.count('sparse_num_index_heads'),
    headSize: inner.count('sparse_index_dim'),
    blockTokens: inner.count('sparse_block_size'),
    topBlocks: inner.count('sparse_topk_blocks'),
  };
  // First and last blocks are always among those chosen; how blocks are scored changes no counts.
  for (const name of ['sparse_init_block', 'sparse_local_block', 'sparse_score_type', 'sparse_disable_index_value']) inner.raw(name);
  for (const name of inner.left()) inner.wrong(name, 'unknown field: whether it changes what the model computes is not known');
  return layered.map((sparse) => (used && sparse === 1 ? index : undefined));
}

/** Which layers choose keys by an index of their own, and which take over what an earlier one chose. */
function indexed(fields: Fields, attention: LatentAttention, layers: number): readonly Attention[] {
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

/** Attention over a window and over compressed entries; the list of ratios goes on with those of the draft modules. */
function compressed(fields: Fields, family: Family, layers: number): readonly Attention[] {
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
    gate: family.outputGate === undefined ? noGate(fields) : fields.flag(family.outputGate.key, family.outputGate.absent),
  };
}

/** A flag that may only be false: whether there is a gate is not left open. */
function noGate(fields: Fields): boolean {
  if (fields.flag('attention_output_gate', false)) fields.wrong('attention_output_gate', 'expected false: this family has no such gate');
  return false;
}

function queryKeyNorm(fields: Fields, family: Family): 'none' | 'head' | 'heads' {
  const asked = fields.flag('use_qk_norm', family.queryKeyNorm !== undefined && family.queryKeyNormKey === undefined);
  if (family.queryKeyNorm === 'weightless') return 'none';
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
    ...(fields.flag('mla_use_output_gate', false) ? { gate: true } : {}),
    ...(indexed ? { sparse: { heads: fields.count('index_n_heads'), headSize: fields.count('index_head_dim'), topK: fields.count('index_topk') } } : {}),
  };
}

/** The window of every layer: by `layer_types`, by a 0/1 pattern, in the upper layers, in all layers, or nowhere. */
function windowsOf(fields: Fields, layers: number, linear: boolean): readonly (number | undefined)[] {
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
      if (type !== 'sliding_attention' && type !== 'full_attention' && !(linear && type === 'linear_attention'))
        fields.wrong(`layer_types[${i}]`, `expected full_attention or sliding_attention, got "${type}"; other kinds of layer are not supported`);
    });
    return pick('layer_types', types, (i) => types[i] === 'sliding_attention');
  }
  if (pattern !== undefined) return pick('hybrid_layer_pattern', pattern, (i) => pattern[i] === 1);
  return Array.from({ length: layers }, (_, i) => (window === undefined || (used === true && i < (from ?? 0)) ? undefined : window));
}
