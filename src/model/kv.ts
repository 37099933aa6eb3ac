import { unreachable } from '../base/errors.ts';
import { bytesPerElement, type NumberFormat } from '../catalogue/format.ts';
import { channelsOf, type Attention, type CompressedAttention } from './attention.ts';
import type { Layout } from './layout.ts';
import type { LayerGroup, Model, Precision } from './model.ts';
import { stageLayers } from './pipeline.ts';

/** Index keys are kept in 8 bits with a 32-bit scale per head, whatever the format of the KV. [B per element, B per token] */
const indexElement = 1;
const indexScale = 4;
/** Inputs of a convolution are kept in 16 bit, those of a compression in 32 bit. [B] */
const convolutionElement = 2;
const compressionElement = 4;

function indexBytes(index: { readonly headSize: number; readonly shared?: boolean | undefined } | undefined): number {
  return index === undefined || index.shared === true ? 0 : index.headSize * indexElement + indexScale;
}

/**
 * What one layer keeps of every token on one of `ranks` tensor-parallel dies. Grouped heads are split down to one head per die; a latent is
 * whole on every die. Compressed entries count with their share of a token. [B]
 */
function tokenBytes(attention: Attention, format: NumberFormat, ranks: number): number {
  switch (attention.kind) {
    case 'grouped-query': {
      const keysAndValues = Math.ceil(attention.keyValueHeads / ranks) * (attention.headSize + attention.valueHeadSize) * bytesPerElement[format];
      return keysAndValues + indexBytes(attention.blocks);
    }
    case 'latent':
      return (attention.keyValueRank + attention.ropeHeadSize) * bytesPerElement[format] + indexBytes(attention.sparse);
    case 'compressed':
      return attention.ratio === undefined ? 0 : (attention.headSize * bytesPerElement[format] + indexBytes(attention.sparse)) / attention.ratio;
    case 'linear':
    case 'none':
      return 0;
    default:
      return unreachable(attention);
  }
}

/** Entries and weights of the tokens that are not compressed yet: those of one entry, or of two that overlap. [B] */
function uncompressed({ ratio, overlap, headSize, sparse }: CompressedAttention): number {
  if (ratio === undefined) return 0;
  const width = headSize + (sparse?.headSize ?? 0);
  return 2 * ratio * width * compressionElement * (overlap ? 4 : 1);
}

/** What one layer keeps of a sequence whatever its length, on one of `ranks` tensor-parallel dies. [B] */
function stateBytes(attention: Attention, format: NumberFormat, ranks: number): number {
  switch (attention.kind) {
    case 'linear': {
      const { keyHeads, valueHeads, keyHeadSize, valueHeadSize, convolution, stateElement } = attention;
      const heads = Math.ceil(valueHeads / ranks);
      const channels = channelsOf({ ...attention, keyHeads: Math.ceil(keyHeads / ranks), valueHeads: heads });
      return heads * keyHeadSize * valueHeadSize * stateElement + Math.max(0, convolution - 1) * channels * convolutionElement;
    }
    case 'compressed':
      return attention.window * attention.headSize * bytesPerElement[format] + uncompressed(attention);
    case 'grouped-query':
    case 'latent':
    case 'none':
      return 0;
    default:
      return unreachable(attention);
  }
}

/** KV of a whole model. [B] */
export interface KeyValueBytes {
  /** Of one token in all layers of the main model. */
  readonly main: number;
  /** The part of `main` in layers with a window or chunks, which forget what is behind them. */
  readonly windowed: number;
  /** Of one token in the draft modules. */
  readonly draft: number;
  /** Of one sequence whatever its length, in the main model: recurrent states, windows in front of compressed entries. */
  readonly state: number;
}

/** KV bytes per token and per sequence of a model in a format, the draft modules apart. */
export function kvBytesPerToken(model: Model, format: NumberFormat): KeyValueBytes {
  const sum = (of: (group: LayerGroup) => number): number => model.groups.reduce((total, group) => total + of(group) * group.count, 0);
  const of = ({ attention }: LayerGroup): number => tokenBytes(attention, format, 1);
  return {
    main: sum(of),
    windowed: sum((group) => (limitOf(group) === undefined ? 0 : of(group))),
    draft: model.draft === undefined ? 0 : of(model.draft.layers) * model.draft.layers.count,
    state: sum(({ attention }) => stateBytes(attention, format, 1)),
  };
}

/** Tokens that a layer keeps at most; absent is all. */
function limitOf({ attention }: LayerGroup): number | undefined {
  return attention.kind === 'grouped-query' ? (attention.window ?? attention.chunk) : undefined;
}

/** The fullest pipeline stage of a sum over layers; the draft modules stand in the last one, and only when the layout drafts. */
function fullest(model: Model, layout: Layout, of: (group: LayerGroup) => number): number {
  const stages = stageLayers(model, layout.pipeline);
  return stages.reduce((most, layers, stage) => {
    const main = model.groups.reduce((sum, group, index) => sum + of(group) * (layers[index] ?? 0), 0);
    const drafts = stage === stages.length - 1 && layout.draftTokens > 0 ? model.draft : undefined;
    return Math.max(most, main + (drafts === undefined ? 0 : of(drafts.layers) * drafts.layers.count));
  }, 0);
}

/** A latent lies split by tokens over the dies of a rank that split tokens around the attention core. */
function growing(precision: Precision, layout: Layout, tokens: number): (group: LayerGroup) => number {
  return (group) => {
    const spread = group.attention.kind === 'latent' && layout.attention === 'sp-tp-sp' ? layout.tensor : 1;
    return (tokenBytes(group.attention, precision.kv, layout.tensor) * Math.min(tokens, limitOf(group) ?? tokens)) / spread;
  };
}

/**
 * Bytes that a sequence of `tokens` keeps on one die of its data-parallel rank: the fullest pipeline stage, states of recurrent layers included.
 * Layers with a window keep no more than it; the draft modules keep theirs only when the layout drafts.
 */
export function kvBytesOfSequence(model: Model, precision: Precision, layout: Layout, tokens: number): number {
  const grown = growing(precision, layout, tokens);
  return fullest(model, layout, (group) => grown(group) + stateBytes(group.attention, precision.kv, layout.tensor));
}

/** What a sequence keeps on one die whatever its length: recurrent states, and windows in front of compressed entries. [B] */
export function stateBytesOfSequence(model: Model, precision: Precision, layout: Layout): number {
  return fullest(model, layout, ({ attention }) => stateBytes(attention, precision.kv, layout.tensor));
}

/** Bytes that one token keeps on one die of its data-parallel rank; layers with a window count like the others, states do not count. */
export function kvBytesPerTokenPerDie(model: Model, precision: Precision, layout: Layout): number {
  return fullest(model, layout, growing(precision, layout, 1));
}
