import { unreachable } from '../base/errors.ts';
import { bytesPerElement, type NumberFormat } from '../catalogue/format.ts';
import { channelsOf, type Attention, type CompressedAttention } from './attention.ts';
import { draftModel, draftModule, layoutOfDrafter } from './drafter.ts';
import { contextOf, type Layout } from './layout.ts';
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

/** What a layer keeps on one die, by its precision and layout. [B] */
type Kept = (group: LayerGroup, precision: Precision, layout: Layout) => number;

/** The fullest pipeline stage of a sum over layers; what drafts stands in the last one, and only when the layout drafts. */
function fullest(model: Model, precision: Precision, layout: Layout, of: Kept): number {
  const over = (groups: readonly LayerGroup[], counts: readonly number[], ...how: [Precision, Layout]): number =>
    groups.reduce((sum, group, index) => sum + of(group, ...how) * (counts[index] ?? 0), 0);
  const own = (groups: readonly LayerGroup[], ...how: [Precision, Layout]): number =>
    over(
      groups,
      groups.map(({ count }) => count),
      ...how,
    );
  const module = draftModule(model, layout);
  const drafting = draftModel(layout);
  const drafted =
    (module === undefined ? 0 : own([module.layers], precision, layout)) +
    (drafting === undefined ? 0 : own(drafting.model.groups, drafting.precision, layoutOfDrafter(drafting)));
  const stages = stageLayers(model, layout.pipeline);
  return stages.reduce((most, counts, stage) => Math.max(most, over(model.groups, counts, precision, layout) + (stage === stages.length - 1 ? drafted : 0)), 0);
}

/**
 * Tokens of a sequence lie split over dies that share its context, and so does a latent over the dies of a rank that split tokens around the
 * attention core.
 */
function growing(tokens: number): Kept {
  return (group, precision, layout) => {
    const { parallel, decode } = contextOf(layout);
    const spread = parallel * decode * (group.attention.kind === 'latent' && layout.attention === 'sp-tp-sp' ? layout.tensor : 1);
    return (tokenBytes(group.attention, precision.kv, layout.tensor / decode) * Math.min(tokens, limitOf(group) ?? tokens)) / spread;
  };
}

const state: Kept = ({ attention }, precision, layout) => stateBytes(attention, precision.kv, layout.tensor);

/** A recurrent layer also keeps the state behind each drafted token, which is the one to go on from where that is the last one accepted. */
const kept: Kept = ({ attention }, precision, layout) =>
  stateBytes(attention, precision.kv, layout.tensor) * (attention.kind === 'linear' ? 1 + layout.draftTokens : 1);

/**
 * Bytes that a sequence of `tokens` keeps on one die of its data-parallel rank: the fullest pipeline stage, states of recurrent layers included.
 * Layers with a window keep no more than it; what drafts keeps its own only when the layout drafts.
 */
export function kvBytesOfSequence(model: Model, precision: Precision, layout: Layout, tokens: number): number {
  const grown = growing(tokens);
  return fullest(model, precision, layout, (...layer) => grown(...layer) + kept(...layer));
}

/** What a sequence keeps on one die whatever its length: recurrent states, and windows in front of compressed entries. [B] */
export function stateBytesOfSequence(model: Model, precision: Precision, layout: Layout): number {
  return fullest(model, precision, layout, kept);
}

/** What of that moves with a sequence whose prompt was computed: one state, and not one for each drafted token. [B] */
export function movedStateBytes(model: Model, precision: Precision, layout: Layout): number {
  return fullest(model, precision, unsplit(layout), state);
}

/** Whether some layers forget what is behind a window of theirs, and others nothing. */
function isHybrid({ groups }: Model): boolean {
  const windows = groups.map(({ attention }) => attention.kind === 'grouped-query' && attention.window !== undefined);
  return windows.includes(true) && windows.includes(false);
}

/**
 * What layers with a window keep on one die, where others keep every token: [0] of one token, [1] of a whole window and the block that it begins in. Chunks are
 * not counted. [B]
 */
export function windowedBytes(model: Model, precision: Precision, layout: Layout, blockTokens: number): readonly [token: number, window: number] {
  if (!isHybrid(model)) return [0, 0];
  const one = growing(1);
  const windowOf = ({ attention }: LayerGroup): number => (attention.kind === 'grouped-query' ? (attention.window ?? 0) : 0);
  const of = (tokensOf: (group: LayerGroup) => number): number => fullest(model, precision, layout, (group, ...how) => tokensOf(group) * one(group, ...how));
  return [of((group) => Math.min(1, windowOf(group))), of((group) => (windowOf(group) === 0 ? 0 : windowOf(group) + blockTokens))];
}

/** Whether layers keep a recurrent state: what stands behind a prefix is found again only where a state was kept there. */
export function isRecurrent(model: Model): boolean {
  return model.groups.some(({ attention }) => attention.kind === 'linear');
}

/** Bytes that one token keeps on one die of its data-parallel rank; layers with a window count like the others, states do not count. */
export function kvBytesPerTokenPerDie(model: Model, precision: Precision, layout: Layout): number {
  return fullest(model, precision, layout, growing(1));
}

/** What one token keeps in the widest layer on the dies that split its heads, wherever its other tokens lie. [B] */
export function widestTokenBytes(model: Model, precision: Precision, layout: Layout): number {
  return Math.max(...model.groups.map(({ attention }) => tokenBytes(attention, precision.kv, layout.tensor / contextOf(layout).decode)));
}

/** A layout with everything that it splits on one die: what a rank keeps in all, however often it is replicated. */
export function unsplit(layout: Layout): Layout {
  const { drafter } = layout;
  return {
    ...layout,
    tensor: 1,
    context: undefined,
    pipeline: 1,
    attention: 'tensor',
    ...(drafter?.kind === 'model' ? { drafter: { ...drafter, tensor: 1 } } : {}),
  };
}
