import { bytesPerElement, type NumberFormat } from '../../catalogue/format.ts';
import type { InstanceBatch, RankBatch } from '../batch.ts';
import { contextOf, dataRanks, expertTensor, exchangesTokens, routedDies, sharedApart, type ContextLayout, type Layout } from '../layout.ts';
import type { Model, Precision, TensorClass } from '../model.ts';
import { tensorClasses } from '../model.ts';
import type { Operator } from '../operator.ts';
import { linearFormat, type LinearFormat } from './formats.ts';

/** What the kernels of a stack make of a model. */
export interface KernelRules {
  /** Format in which the absorbed projections of latent attention are multiplied; absent: that of the weights. */
  readonly absorbed?: NumberFormat | undefined;
  /** Whether a shared expert runs as one more routed expert where it is as large and as close to hand. */
  readonly fusedShared?: boolean | undefined;
}

/** What stays the same in every step of an instance. */
export interface Instance {
  readonly model: Model;
  readonly layout: Layout;
  readonly context: ContextLayout;
  readonly formats: Readonly<Record<TensorClass, LinearFormat>>;
  /** Of the projections that latent attention absorbs. */
  readonly absorbed: LinearFormat;
  /** What is multiplied in attention, and the storage of one KV element. [B] */
  readonly attentionFormat: NumberFormat;
  readonly kvBytes: number;
  readonly kvFormat: NumberFormat;
  /** Dies of the ranks that share one set of experts. */
  readonly expertGroup: number;
  readonly expertTensor: number;
  readonly exchanges: boolean;
  readonly routedDies: number;
  readonly sharedApart: boolean;
  readonly fusedShared: boolean;
}

/** One microbatch on one rank and what operators it turns into, in launch order. */
export interface Pass {
  readonly instance: Instance;
  /** The rank's part of the microbatch; of prompts the dies that share their context have their share of tokens and pairs, and see all of it. */
  readonly batch: RankBatch;
  /** Tokens of the dies that split heads: those of the rank, of prompts their share of the context. */
  readonly rows: number;
  /** Query tokens of decoding sequences. */
  readonly decodeRows: number;
  /** Tokens that one die has in norms, down and output projections and feed-forward layers. */
  readonly dieRows: number;
  /** Tokens of all ranks that share one set of experts. */
  readonly expertTokens: number;
  /** Whether what expands stored keys and values in front of the attention is wanted, which depends on contexts alone. */
  readonly expands: boolean;
  readonly operators: Operator[];
}

/** Everything about an instance that its operators need, worked out once. */
export function instanceOf(model: Model, precision: Precision, layout: Layout, { absorbed, fusedShared = false }: KernelRules = {}): Instance {
  const formats = Object.fromEntries(tensorClasses.map((name) => [name, linearFormat(model, precision, name)])) as Record<TensorClass, LinearFormat>;
  const split = expertTensor(layout);
  return {
    model,
    layout,
    context: contextOf(layout),
    formats,
    absorbed: absorbed === undefined ? formats.attention : linearFormat(model, { ...precision, weights: absorbed, activations: absorbed }, 'attention'),
    attentionFormat: model.baseFormat,
    kvBytes: bytesPerElement[precision.kv],
    kvFormat: precision.kv,
    expertGroup: Math.max(layout.experts.parallel * split, layout.attention === 'tensor' ? layout.tensor : 1),
    expertTensor: split,
    exchanges: exchangesTokens(layout),
    routedDies: routedDies(layout),
    sharedApart: sharedApart(layout),
    fusedShared: fusedShared && layout.experts.parallel <= 1,
  };
}

/** How the format of stored keys and values tells kernels apart from those that read what they multiply. */
export function keyValueVariant({ kvFormat, attentionFormat }: Instance): string | undefined {
  return kvFormat === attentionFormat ? undefined : `kv-${kvFormat}`;
}

/** One of `parts` equal microbatches of a rank's batch. */
export function passOf(instance: Instance, { rank: whole, instanceTokens }: InstanceBatch, parts: number, expands: boolean = true): Pass {
  const { layout, expertGroup, exchanges, context } = instance;
  const shared = context.parallel;
  const batch: RankBatch =
    parts === 1 && shared === 1
      ? whole
      : {
          decodeSequences: whole.decodeSequences / parts,
          queryTokens: whole.queryTokens,
          decodeContext: whole.decodeContext / parts,
          prefillTokens: whole.prefillTokens / parts / shared,
          prefillSequences: whole.prefillSequences / parts,
          prefillPairs: whole.prefillPairs / parts / shared,
          prefillContext: whole.prefillContext / parts,
        };
  const decodeRows = batch.decodeSequences * batch.queryTokens;
  const rows = decodeRows + batch.prefillTokens;
  const groups = layout.experts.apart === true ? 1 : Math.max(1, layout.dies / layout.pipeline / expertGroup);
  const dieRows = layout.attention === 'sp-tp-sp' ? rows / layout.tensor : rows;
  // A group of experts inside one rank meets only that rank's tokens; a wider one meets its part of the instance's. Dies that share the context of
  // a sequence all decode it, so that its tokens come as often.
  const own = (rows * shared) / Math.max(1, groups / dataRanks(layout));
  const often = shared === 1 || rows === 0 ? 1 : (rows * shared) / (decodeRows + batch.prefillTokens * shared);
  const metTokens = dataRanks(layout) > 1 ? Math.max(own, (instanceTokens * often) / parts / groups) : own;
  return { instance, batch, rows, decodeRows, dieRows, expertTokens: exchanges ? metTokens : dieRows, expands, operators: [] };
}
