import type { NumberFormat } from '../catalogue/format.ts';

/** Index and top-k selection in front of an attention that reads only `topK` keys. */
interface SparseIndex {
  readonly heads: number;
  readonly headSize: number;
  readonly topK: number;
}

/** Multi-head, grouped-query or multi-query attention. */
export interface GroupedQueryAttention {
  readonly kind: 'grouped-query';
  readonly heads: number;
  readonly keyValueHeads: number;
  readonly headSize: number;
  readonly valueHeadSize: number;
  /** Tokens that a query can see; absent is all before it. */
  readonly window?: number | undefined;
  readonly bias: { readonly queryKeyValue: boolean; readonly output: boolean };
  /** Norms on queries and keys: a weight per element of one head, or of all heads together with `queryKeyNormAcrossHeads`. */
  readonly queryKeyNorm: boolean;
  readonly queryKeyNormAcrossHeads?: boolean | undefined;
  /** A learnt attention sink per head. */
  readonly sinks: boolean;
  /** A gate on the attention output, as wide as the query heads. */
  readonly gate: boolean;
}

/** Multi-head latent attention: keys and values are read from one compressed latent per token. */
export interface LatentAttention {
  readonly kind: 'latent';
  readonly heads: number;
  /** Rank of the query's own compression; absent means a full projection. */
  readonly queryRank?: number | undefined;
  readonly keyValueRank: number;
  readonly nopeHeadSize: number;
  readonly ropeHeadSize: number;
  readonly valueHeadSize: number;
  readonly sparse?: SparseIndex | undefined;
}

export type Attention = GroupedQueryAttention | LatentAttention;

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
}

export type FeedForward = DenseFeedForward | ExpertFeedForward;

/** Equal layers, wherever they stand in the stack. */
export interface LayerGroup {
  readonly count: number;
  readonly attention: Attention;
  readonly feedForward: FeedForward;
  /** RMS norms of width `hidden` per layer (2, or 4 with norms behind each half). */
  readonly norms: number;
}

/** Multi-token prediction: a module of whole layers that drafts tokens, with its own KV. */
export interface DraftModule {
  readonly layers: LayerGroup;
  /** Whether the module keeps embedding and head of its own in the checkpoint. */
  readonly ownEmbedding: boolean;
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
