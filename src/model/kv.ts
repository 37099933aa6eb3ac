import { unreachable } from '../base/errors.ts';
import { bytesPerElement, type NumberFormat } from '../catalogue/format.ts';
import type { Layout } from './layout.ts';
import type { Attention, LayerGroup, Model, Precision } from './model.ts';
import { stageLayers } from './pipeline.ts';

/** Index keys are kept in 8 bits with a 32-bit scale per head, whatever the format of the KV. [B per element, B per token] */
const indexElement = 1;
const indexScale = 4;

/**
 * Keys and values of one token in one layer on one of `ranks` tensor-parallel dies. Grouped heads are split down to one head per die; a latent is
 * whole on every die. [B]
 */
function tokenBytes(attention: Attention, format: NumberFormat, ranks: number): number {
  switch (attention.kind) {
    case 'grouped-query':
      return Math.ceil(attention.keyValueHeads / ranks) * (attention.headSize + attention.valueHeadSize) * bytesPerElement[format];
    case 'latent': {
      const index = attention.sparse === undefined ? 0 : attention.sparse.headSize * indexElement + indexScale;
      return (attention.keyValueRank + attention.ropeHeadSize) * bytesPerElement[format] + index;
    }
    default:
      return unreachable(attention);
  }
}

/** KV of one token in a whole model. [B] */
export interface KeyValueBytes {
  /** In all layers of the main model. */
  readonly main: number;
  /** The part of `main` in layers with a window, which forget what is behind it. */
  readonly windowed: number;
  /** In the draft modules. */
  readonly draft: number;
}

/** KV bytes per token of a model in a format, the draft modules apart. */
export function kvBytesPerToken(model: Model, format: NumberFormat): KeyValueBytes {
  const of = (group: LayerGroup): number => tokenBytes(group.attention, format, 1) * group.count;
  return {
    main: model.groups.reduce((sum, group) => sum + of(group), 0),
    windowed: model.groups.reduce((sum, group) => sum + (windowOf(group) === undefined ? 0 : of(group)), 0),
    draft: model.draft === undefined ? 0 : of(model.draft.layers),
  };
}

function windowOf({ attention }: LayerGroup): number | undefined {
  return attention.kind === 'grouped-query' ? attention.window : undefined;
}

/**
 * Bytes that a sequence of `tokens` keeps on one die of its data-parallel rank: the fullest pipeline stage. Layers with a window keep no more
 * than it; the draft modules keep theirs only when the layout drafts. With `sp-tp-sp` a latent lies split by tokens over the dies of the rank.
 */
export function kvBytesOfSequence(model: Model, precision: Precision, layout: Layout, tokens: number): number {
  const stages = stageLayers(model, layout.pipeline);
  const of = (group: LayerGroup, count: number): number => {
    const spread = group.attention.kind === 'latent' && layout.attention === 'sp-tp-sp' ? layout.tensor : 1;
    return (tokenBytes(group.attention, precision.kv, layout.tensor) * Math.min(tokens, windowOf(group) ?? tokens) * count) / spread;
  };
  return stages.reduce((most, layers, stage) => {
    const main = model.groups.reduce((sum, group, index) => sum + of(group, layers[index] ?? 0), 0);
    const drafts = stage === stages.length - 1 && layout.draftTokens > 0 && model.draft !== undefined;
    return Math.max(most, main + (drafts && model.draft !== undefined ? of(model.draft.layers, model.draft.layers.count) : 0));
  }, 0);
}

/** Bytes that one token keeps on one die of its data-parallel rank; layers with a window count like the others. */
export function kvBytesPerTokenPerDie(model: Model, precision: Precision, layout: Layout): number {
  return kvBytesOfSequence(model, precision, layout, 1);
}
