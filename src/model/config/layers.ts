import type { Family } from './family.ts';
import { Fields, isCount, isRecord, isText, shown } from './fields.ts';

/** What stands in one layer; `part` is left open where other fields say which layers have experts. */
export interface LayerKind {
  readonly mixer: 'attention' | 'linear' | 'none';
  readonly part?: 'dense' | 'experts' | 'none';
}

const attention: LayerKind = { mixer: 'attention' };
const linear: LayerKind = { mixer: 'linear' };

/** One letter of a pattern of single-part layers. */
const letters: Readonly<Record<string, LayerKind>> = {
  M: { mixer: 'linear', part: 'none' },
  '*': { mixer: 'attention', part: 'none' },
  E: { mixer: 'none', part: 'experts' },
  '-': { mixer: 'none', part: 'dense' },
};

/** Which layers attend, keep a state, or only feed forward, first to last. */
export function layerKinds(fields: Fields, family: Family, layers: number): readonly LayerKind[] {
  const kinds = family.linear === undefined ? undefined : hybrid(fields, family.linear, layers);
  if (kinds !== undefined && !kinds.some(({ mixer }) => mixer === 'attention'))
    fields.wrong('num_hidden_layers', 'expected at least one layer with attention: a model without keys and values is not supported');
  return kinds ?? Array.from({ length: layers }, () => attention);
}

function hybrid(fields: Fields, kind: NonNullable<Family['linear']>, layers: number): readonly LayerKind[] | undefined {
  switch (kind) {
    case 'state-space':
      return patterned(fields, layers);
    case 'channel-delta':
      return listed(fields, layers);
    case 'fixed-decay': {
      const types = fields.list('attn_type_list', '0 or 1', isCount) ?? [];
      if (types.length !== layers) fields.wrong('attn_type_list', `expected ${layers} items, one per layer, got ${types.length}`);
      return types.map((type) => (type === 0 ? linear : attention));
    }
    case 'gated-delta': {
      const types = fields.list('layer_types', 'text', isText);
      const interval = fields.optionalCount('full_attention_interval');
      if (types === undefined && interval === undefined) {
        fields.wrong('full_attention_interval', 'expected a whole number, got nothing: which layers attend is not determined without it');
        return undefined;
      }
      return Array.from({ length: layers }, (_, i) => {
        const full = types === undefined ? (i + 1) % (interval ?? 1) === 0 : types[i] !== 'linear_attention';
        return full ? attention : linear;
      });
    }
  }
}

function patterned(fields: Fields, layers: number): readonly LayerKind[] | undefined {
  const pattern = fields.text('hybrid_override_pattern');
  if (pattern === undefined) {
    fields.wrong('hybrid_override_pattern', 'expected a letter for each layer, got nothing');
    return undefined;
  }
  const kinds = pattern.split('').map((letter) => {
    const kind = Object.hasOwn(letters, letter) ? letters[letter] : undefined;
    if (kind === undefined) fields.wrong('hybrid_override_pattern', `expected the letters ${Object.keys(letters).join(' ')}, got "${letter}"`);
    return kind ?? attention;
  });
  if (kinds.length !== layers) fields.wrong('hybrid_override_pattern', `expected ${layers} letters, one per layer, got ${kinds.length}`);
  return kinds;
}

/** The fields of `linear_attn_config`; harmless where they are missing. */
export function linearFields(fields: Fields): Fields {
  const value = fields.raw('linear_attn_config');
  if (!isRecord(value)) fields.wrong('linear_attn_config', `expected a map, got ${shown(value)}`);
  return new Fields(isRecord(value) ? value : {}, fields.path('linear_attn_config'), isRecord(value) ? fields.issues : []);
}

/** Layer numbers from 1, in two lists that together name each layer once. */
function listed(fields: Fields, layers: number): readonly LayerKind[] {
  const inner = linearFields(fields);
  const states = new Set(inner.list('kda_layers', 'layer numbers', isCount));
  const full = new Set(inner.list('full_attn_layers', 'layer numbers', isCount));
  const missing = Array.from({ length: layers }, (_, i) => i + 1).filter((layer) => states.has(layer) === full.has(layer));
  if (missing.length > 0) inner.wrong('full_attn_layers', `expected every layer in this list or in kda_layers, and in one of them; layer ${missing[0]} is not`);
  for (const layer of [...states, ...full])
    if (layer < 1 || layer > layers) inner.wrong('full_attn_layers', `expected layer numbers from 1 to ${layers}, got ${layer}`);
  return Array.from({ length: layers }, (_, i) => (states.has(i + 1) ? linear : attention));
}
