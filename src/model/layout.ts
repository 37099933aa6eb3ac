/** How tokens spread over experts. */
export type ExpertLoad =
  | { readonly kind: 'uniform' }
  /** The slowest rank carries (1 + skew) times the mean: (max - mean) / mean after balancing. */
  | { readonly kind: 'skew'; readonly skew: number };

export interface ExpertLayout {
  /** Ranks over which the routed experts are spread (EP); 1 keeps all on every rank. */
  readonly parallel: number;
  /** Copies of the shared expert on dies of their own; 0 replicates it on every rank. */
  readonly sharedDies: number;
  /** Redundant copies of routed experts in the whole instance. */
  readonly redundant: number;
  readonly load: ExpertLoad;
}

/** How one instance of a model is laid over dies. */
export interface Layout {
  readonly dies: number;
  /** Dies that share one attention head group (TP); `dies / tensor` data-parallel ranks. */
  readonly tensor: number;
  readonly pipeline: number;
  /** `tensor` splits heads; `sp-tp-sp` splits tokens, then heads, then tokens within a prefill instance. */
  readonly attention: 'tensor' | 'sp-tp-sp';
  readonly experts: ExpertLayout;
  /** 1 or 2: how many microbatches a step is cut into so that compute and communication overlap. */
  readonly microbatches: 1 | 2;
  /** Tokens that the draft module proposes per step; 0 without speculation. */
  readonly draftTokens: number;
}

/** Data-parallel ranks of a layout: groups of dies with KV and queue of their own. */
export function dataRanks(layout: Layout): number {
  return layout.dies / (layout.tensor * layout.pipeline);
}
