import type { NumberFormat } from '../../catalogue/format.ts';
import { InputError, type Issue } from '../../base/errors.ts';
import { expectedOneOf } from '../../base/nearest.ts';
import type { Attention, DraftModule, FeedForward, LayerGroup, Model, Quantisation } from '../model.ts';
import { attentionsOf } from './attention.ts';
import { publishedFamilies, type Families, type Family } from './family.ts';
import { feedForwardsOf } from './feedforward.ts';
import { Fields, isRecord, isText, shown } from './fields.ts';
import { isInferenceConfig, translate } from './inference.ts';
import { layerKinds } from './layers.ts';
import { quantisationOf } from './quantisation.ts';
import { isUnused, unsupported } from './unused.ts';

export interface ConfigOptions {
  /** Where the configuration stands in its file, for errors. */
  readonly at?: string;
  /** Families that may be loaded, by `model_type`. */
  readonly families?: Families;
}

/**
 * A model from the content of a published `config.json`. Nothing of the publisher's code is run: `model_type` picks a known family, and
 * every field is read, known to have no effect, or refused. Of a model with other inputs than text, the language part is taken.
 * @throws InputError with every problem.
 */
export function modelFromConfig(config: unknown, name: string, options: ConfigOptions = {}): Model {
  const at = options.at ?? '';
  if (isRecord(config) && isInferenceConfig(config)) {
    const { translated, original } = translate(config);
    try {
      return modelFromConfig(translated, name, options);
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      throw new InputError(error.issues.map((issue) => ({ ...issue, path: original(issue.path) })));
    }
  }
  const issues: Issue[] = [];
  if (!isRecord(config)) throw new InputError([{ path: at, message: `expected the fields of a config.json, got ${shown(config)}` }]);
  const outer = new Fields(config, at, issues);
  const nested = outer.raw('text_config');
  const fields = isRecord(nested) ? new Fields(nested, outer.path('text_config'), issues) : outer;
  if (nested !== undefined && !isRecord(nested)) outer.wrong('text_config', `expected a map, got ${shown(nested)}`);
  const model = languageModel(fields, outer, name, options.families ?? publishedFamilies);
  if (issues.length > 0 || model === undefined) throw new InputError(issues);
  return model;
}

function languageModel(fields: Fields, outer: Fields, name: string, families: Families): Model | undefined {
  const type = fields.text('model_type');
  const family = type === undefined || !Object.hasOwn(families, type) ? undefined : families[type];
  if (family === undefined) {
    const known = Object.keys(families);
    fields.wrong('model_type', type === undefined ? `expected one of ${known.join(', ')}, got nothing` : expectedOneOf(type, known));
    for (const field of fields.left()) if (Object.hasOwn(unsupported, field)) fields.wrong(field, unsupported[field] ?? '');
    return undefined;
  }
  for (const field of family.required ?? [])
    if (!fields.has(field)) fields.wrong(field, 'expected a value, got nothing: this family is not determined without it');
  for (const [field, { value, otherwise }] of Object.entries(family.only ?? {}))
    if (fields.has(field) && fields.raw(field) !== value) fields.wrong(field, `expected ${value}: ${otherwise}`);
  const layers = fields.count('num_hidden_layers');
  if (layers > 10_000) {
    fields.wrong('num_hidden_layers', `expected at most 10000, got ${layers}`);
    return undefined;
  }
  const hidden = fields.count('hidden_size');
  const kinds = layerKinds(fields, family, layers);
  const attentions = attentionsOf(fields, family, hidden, kinds);
  const feedForwards = feedForwardsOf(fields, family, kinds);
  const { groups, order } = grouped(attentions, feedForwards, family.norms);
  const baseFormat = baseFormatOf(fields, outer);
  const tied = fields === outer ? fields : outer.has('tie_word_embeddings') ? outer : fields;
  const quantised = fields.has('quantization_config') ? fields : outer;
  const draft = draftOf(fields, family, attentions, feedForwards);
  const streams = fields.count('hc_mult', 1);
  const draftVocabulary = fields.count('draft_vocab_size', 0, 0);
  const stored = quantisationOf(quantised.raw('quantization_config'), quantised.path('quantization_config'), baseFormat, fields.issues);
  const quantisation = stored === undefined ? undefined : withExperts(fields, stored);
  const model: Model = {
    name,
    architecture: architectureOf(fields, outer),
    hidden,
    vocabulary: fields.count('vocab_size'),
    tiedEmbedding: tied.flag('tie_word_embeddings', false),
    groups,
    ...(order.every((group, i) => i === 0 || group >= (order[i - 1] ?? 0)) ? {} : { order }),
    ...(draft === undefined ? {} : { draft }),
    ...(draftVocabulary === 0 ? {} : { draftVocabulary }),
    ...(streams === 1 ? {} : { residualStreams: streams }),
    ...(family.layerNorm === true ? { normBias: true } : {}),
    ...(fields.flag('lm_head_bias', false) ? { headBias: true } : {}),
    maxPositions: fields.count('max_position_embeddings'),
    baseFormat,
    ...(quantisation === undefined ? {} : { quantisation }),
  };
  fields.raw('tie_word_embeddings');
  refuseUnknown(fields, outer, family);
  return model;
}

function refuseUnknown(fields: Fields, outer: Fields, family: Family): void {
  const refuse = (part: Fields, extra: (name: string) => boolean): void => {
    for (const name of part.left()) {
      if (isUnused(name) || extra(name) || Object.hasOwn(family.unused ?? {}, name)) continue;
      // A list that says "no layer is of another kind" states nothing new.
      if (name === 'attn_type_list' && (part.list(name, '1', (item): item is number => item === 1)?.length ?? 0) > 0) continue;
      part.wrong(name, unsupported[name] ?? 'unknown field: whether it changes what the model computes is not known');
    }
  };
  refuse(fields, () => false);
  if (outer !== fields) refuse(outer, (name) => /^(vision|audio)_/.test(name) || name === 'model_type');
}

function architectureOf(fields: Fields, outer: Fields): string {
  const own = outer.list('architectures', 'text', isText)?.[0];
  const inner = fields === outer ? own : fields.list('architectures', 'text', isText)?.[0];
  return own ?? inner ?? '';
}

const formats: Readonly<Record<string, NumberFormat>> = { bfloat16: 'bf16', float16: 'fp16', float32: 'fp32' };

function baseFormatOf(fields: Fields, outer: Fields): NumberFormat {
  const read = (part: Fields): NumberFormat | undefined => {
    const names = ['bfloat16', 'float16', 'float32'] as const;
    const stated = part.has('dtype') ? 'dtype' : 'torch_dtype';
    part.raw('torch_dtype');
    return part.has(stated) ? formats[part.name(stated, names, 'bfloat16')] : undefined;
  };
  const [own, inner] = [read(outer), outer === fields ? undefined : read(fields)];
  return inner ?? own ?? 'bf16';
}

/** Equal layers together, and the group of every layer. */
function grouped(
  attentions: readonly Attention[],
  feedForwards: readonly FeedForward[],
  norms: number | undefined,
): { readonly groups: readonly LayerGroup[]; readonly order: readonly number[] } {
  const keys = new Map<string, number>();
  const groups: LayerGroup[] = [];
  const order = feedForwards.map((feedForward, i) => {
    const attention = attentions[i] as Attention;
    const key = JSON.stringify([attention, feedForward]);
    const index = keys.get(key) ?? groups.length;
    keys.set(key, index);
    const halves = (attention.kind === 'none' ? 0 : 1) + (feedForward.kind === 'none' ? 0 : 1);
    groups[index] = { count: (groups[index]?.count ?? 0) + 1, attention, feedForward, norms: norms ?? halves };
    return index;
  });
  return { groups, order };
}

/** Routed experts in a format of their own: four bits in blocks of 32 with a scale of one byte. */
function withExperts(fields: Fields, stored: Quantisation): Quantisation {
  const format = fields.text('expert_dtype');
  if (format === undefined) return stored;
  fields.name('expert_dtype', ['fp4'], 'fp4');
  return { ...stored, experts: { weights: 'fp4', scaleGroup: 32, scaleRows: 1, scaleBytes: 1 } };
}

/**
 * Draft modules repeat the last layer that attends and the last one that feeds forward, with an index of their own. Their checkpoints carry copies
 * of embedding and head unless the family says otherwise. Layers listed behind the last one are theirs.
 */
function draftOf(fields: Fields, family: Family, attentions: readonly Attention[], feedForwards: readonly FeedForward[]): DraftModule | undefined {
  if (family.draft === 'unpublished') return undefined;
  const { key, count: absent, shares: shared } = family.draft ?? {};
  const count = fields.count(key ?? 'num_nextn_predict_layers', absent ?? 0, 0);
  const shares = shared === true || (fields.has('mtp_use_dedicated_embeddings') && !fields.flag('mtp_use_dedicated_embeddings', true));
  const pattern = fields.text('mtp_hybrid_override_pattern');
  if (pattern !== undefined && pattern !== '*E')
    fields.wrong('mtp_hybrid_override_pattern', `expected *E, attention and experts, got "${pattern}": other draft modules are not supported`);
  const attention = attentions.findLast(({ kind }) => kind !== 'none' && kind !== 'linear');
  const feedForward = feedForwards.findLast(({ kind }) => kind !== 'none');
  if (count === 0 || attention === undefined || feedForward === undefined) return undefined;
  const own: Attention =
    attention.kind === 'latent' && attention.sparse?.shared === true ? { ...attention, sparse: { ...attention.sparse, shared: false } } : attention;
  return { layers: { count, attention: own, feedForward, norms: family.norms ?? 2 }, ownEmbedding: !shares };
}
