import type { NumberFormat } from '../catalogue/format.ts';
import type { Attention } from './attention.ts';

export type { Attention } from './attention.ts';

export interface DenseFeedForward {
  readonly kind: 'dense';
  readonly intermediate: number;
  /** Gate, up and down (three matrices), or up and down (two). */
  readonly gated: boolean;
  readonly bias: boolean;
}

export interface ExpertFeedForward {
  readonly kind: 'experts';
  readonly routed: number;
  readonly perToken: number;
  /** Of one routed expert. */
  readonly intermediate: number;
  readonly gated: boolean;
  readonly bias: boolean;
  /** Width of all shared experts together; 0 where there are none. */
  readonly sharedIntermediate: number;
  readonly sharedCount: number;
  /** Parameters of a gate on the shared expert. */
  readonly sharedGate: boolean;
  /** A correction bias per routed expert in the router. */
  readonly routerBias: boolean;
  /** Learnt scales in the router: one per hidden element and one per expert. */
  readonly routerScales?: boolean | undefined;
  /** Width that tokens are brought to in front of the routed experts and back behind them; absent is the hidden size. */
  readonly latent?: { readonly size: number; readonly norm: boolean } | undefined;
}

/** A layer that only attends. */
export interface NoFeedForward {
  readonly kind: 'none';
}

export type FeedForward = DenseFeedForward | ExpertFeedForward | NoFeedForward;

/** Equal layers, wherever they stand in the stack. */
export interface LayerGroup {
  readonly count: number;
  readonly attention: Attention;
  readonly feedForward: FeedForward;
  /** RMS norms of width `hidden` per layer: one in front of each half, and those behind or between where there are some. */
  readonly norms: number;
}

/** Whole layers that draft tokens from the model's hidden states, with KV of their own: multi-token prediction, or a head trained for it. */
export interface DraftModule {
  readonly layers: LayerGroup;
  /** Whether the module keeps embedding and head of its own in the checkpoint. */
  readonly ownEmbedding: boolean;
  /**
   * Layers of the model whose hidden states are joined, once for each verified position; the token's embedding then enters beside that in
   * front of the attention. Absent: the last hidden state and the embedding are joined in front of the module.
   */
  readonly states?: number | undefined;
  /** Entries of a head of its own; absent is the model's head. */
  readonly vocabulary?: number | undefined;
  /** Stays in the base format, whatever the model's weights are in. */
  readonly unquantised?: boolean | undefined;
}

/** How the published checkpoint stores its weights. */
export interface Quantisation {
  readonly method: string;
  readonly weights: NumberFormat;
  readonly activations: NumberFormat;
  /** Elements of a whole block that shares one scale (0: one scale per output channel), rows of such a block, bytes of a scale. */
  readonly scaleGroup: number;
  readonly scaleRows: number;
  readonly scaleBytes: number;
  /** Routed experts, where they are stored in another format than the other weights. */
  readonly experts?: Pick<Quantisation, 'weights' | 'scaleGroup' | 'scaleRows' | 'scaleBytes'> | undefined;
  /** Tensor classes that stay in the base format. */
  readonly excluded: readonly TensorClass[];
}

/** Weight tensors that one precision setting moves together. */
export const tensorClasses = ['embedding', 'head', 'attention', 'dense', 'experts', 'shared', 'router', 'norm', 'draft'] as const;
export type TensorClass = (typeof tensorClasses)[number];

/** What a published configuration says of a language model, in the field's own numbers. */
export interface Model {
  readonly name: string;
  /** `architectures[0]` of the configuration. */
  readonly architecture: string;
  readonly hidden: number;
  readonly vocabulary: number;
  readonly tiedEmbedding: boolean;
  readonly groups: readonly LayerGroup[];
  /** Index into `groups` of every layer, first to last; absent where the groups stand in a row. */
  readonly order?: readonly number[] | undefined;
  readonly draft?: DraftModule | undefined;
  /** Entries of the head of a module that drafts for another model: this is one then. */
  readonly draftVocabulary?: number | undefined;
  /** Parallel residual streams that every half of a layer mixes into one input and spreads its output over; absent is one. */
  readonly residualStreams?: number | undefined;
  /** Norms with a bias beside the weight, and a bias on the head. */
  readonly normBias?: boolean | undefined;
  readonly headBias?: boolean | undefined;
  readonly maxPositions: number;
  /** Format of tensors that are not quantised. */
  readonly baseFormat: NumberFormat;
  readonly quantisation?: Quantisation | undefined;
}

/** Number formats of a deployment. */
export interface Precision {
  readonly weights: NumberFormat;
  /** Routed experts, where they differ from the other weights (W4A8). */
  readonly experts: NumberFormat;
  readonly activations: NumberFormat;
  readonly kv: NumberFormat;
}

/** Layers of the main model, without draft modules. */
export function layerCount(model: Model): number {
  return model.groups.reduce((sum, group) => sum + group.count, 0);
}
