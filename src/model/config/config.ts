import type { NumberFormat } from '../../catalogue/format.ts';
import { InputError, type Issue } from '../../base/errors.ts';
import { expectedOneOf } from '../../base/nearest.ts';
import type { Attention, DraftModule, FeedForward, LayerGroup, Model } from '../model.ts';
import { attentionsOf } from './attention.ts';
import { publishedFamilies, type Families, type Family } from './family.ts';
import { feedForwardsOf } from './feedforward.ts';
import { Fields, isRecord, isText, shown } from './fields.ts';
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
  const issues: Issue[] = [];
  const at = options.at ?? '';
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
  const layers = fields.count('num_hidden_layers');
  if (layers > 10_000) {
    fields.wrong('num_hidden_layers', `expected at most 10000, got ${layers}`);
    return undefined;
  }
  const hidden = fields.count('hidden_size');
  const attentions = attentionsOf(fields, family, hidden, layers);
  const feedForwards = feedForwardsOf(fields, family, layers);
  const { groups, order } = grouped(attentions, feedForwards);
  const baseFormat = baseFormatOf(fields, outer);
  const tied = fields === outer ? fields : outer.has('tie_word_embeddings') ? outer : fields;
  const quantised = fields.has('quantization_config') ? fields : outer;
  const draft = draftOf(fields, groups, order);
  const quantisation = quantisationOf(quantised.raw('quantization_config'), quantised.path('quantization_config'), baseFormat, fields.issues);
  const model: Model = {
    name,
    architecture: architectureOf(fields, outer),
    hidden,
    vocabulary: fields.count('vocab_size'),
    tiedEmbedding: tied.flag('tie_word_embeddings', false),
    groups,
    ...(order.every((group, i) => i === 0 || group >= (order[i - 1] ?? 0)) ? {} : { order }),
    ...(draft === undefined ? {} : { draft }),
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
): { readonly groups: readonly LayerGroup[]; readonly order: readonly number[] } {
  const keys = new Map<string, number>();
  const groups: LayerGroup[] = [];
  const order = attentions.map((attention, i) => {
    const feedForward = feedForwards[i] as FeedForward;
    const key = JSON.stringify([attention, feedForward]);
    const index = keys.get(key) ?? groups.length;
    keys.set(key, index);
    groups[index] = { count: (groups[index]?.count ?? 0) + 1, attention, feedForward, norms: 2 };
    return index;
  });
  return { groups, order };
}

/** Draft modules repeat the last layer; their checkpoints carry copies of embedding and head. */
function draftOf(fields: Fields, groups: readonly LayerGroup[], order: readonly number[]): DraftModule | undefined {
  const count = fields.count('num_nextn_predict_layers', 0, 0);
  const last = groups[order.at(-1) ?? 0];
  return count === 0 || last === undefined ? undefined : { layers: { ...last, count }, ownEmbedding: true };
}
