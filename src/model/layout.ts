/** How tokens spread over experts. */
export type ExpertLoad =
  | { readonly kind: 'uniform' }
  /** The slowest rank carries (1 + skew) times the mean: (max - mean) / mean after balancing. */
  | { readonly kind: 'skew'; readonly skew: number }
  /** Experts are unequally popular, by a coefficient of variation, and lie on ranks by chance: few tokens hit fewer of them. */
  | { readonly kind: 'popularity'; readonly variation: number };

export interface ExpertLayout {
  /**
   * Ranks over which the experts are spread (EP), the dies of shared copies included. At or above `tensor` every expert is whole on
   * its die; below it, each is split over `tensor / parallel` dies (1: every die of a tensor group holds a slice of all experts).
   */
  readonly parallel: number;
  /** Copies of the shared expert on dies of their own; 0, or one for each die, replicates it on every rank. */
  readonly sharedDies: number;
  /** Redundant copies of routed experts in the whole group of `parallel` ranks. */
  readonly redundant: number;
  readonly load: ExpertLoad;
}

/** How one instance of a model is laid over dies. */
export interface Layout {
  readonly dies: number;
  /** Dies that share one attention head group (TP); `dies / tensor` data-parallel ranks. */
  readonly tensor: number;
  readonly pipeline: number;
  /**
   * `tensor` splits heads. `sp-tp-sp` is for prefill: the `tensor` dies of a rank split tokens, then heads, then tokens again, so that
   * down and output projections and feed-forward weights are whole on every die.
   */
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

/** Dies that split the matrices of one expert. */
export function expertTensor({ tensor, attention, experts }: Layout): number {
  return attention === 'tensor' && experts.parallel < tensor ? tensor / experts.parallel : 1;
}

/** Whether shared experts sit on dies of their own: then tokens are sent to them like to routed ones. */
export function sharedApart({ experts }: Layout): boolean {
  return experts.sharedDies > 0 && experts.sharedDies < experts.parallel;
}

/** Dies of an expert group that hold routed experts. */
export function routedDies(layout: Layout): number {
  const { parallel, sharedDies } = layout.experts;
  return sharedApart(layout) ? parallel - sharedDies : parallel;
}

/** Whether tokens travel to their experts over an exchange; otherwise every die of the group has them already. */
export function exchangesTokens({ experts, tensor, attention }: Layout): boolean {
  return experts.parallel > 1 && (attention === 'sp-tp-sp' || experts.parallel > tensor);
}
