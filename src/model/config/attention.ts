import type { Attention, GroupedQueryAttention } from '../attention.ts';
import { blocksOf } from './blocks.ts';
import { compressed } from './compressed.ts';
import type { Family } from './family.ts';
import { isCount, isText, type Fields } from './fields.ts';
import { indexed, latent } from './latent.ts';
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
