import type { Drafter } from './drafter.ts';

/** How tokens spread over experts. */
export type ExpertLoad =
  | { readonly kind: 'uniform' }
  /** The slowest rank carries (1 + skew) times the mean: (max - mean) / mean after balancing. */
  | { readonly kind: 'skew'; readonly skew: number }
  /** Experts are unequally popular, by a coefficient of variation, and lie on ranks by chance: few tokens hit fewer of them. */
  | { readonly kind: 'popularity'; readonly variation: number }
  /**
   * Experts of known popularity were placed: (slowest - mean) / mean in steps of so many token rows, which rise, and the coefficient of variation
   * of what single slots get.
   */
  | { readonly kind: 'placed'; readonly variation: number; readonly rows: readonly number[]; readonly imbalances: readonly number[] };

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
  /** Whether the `parallel` ranks have dies of their own beside those of the layout, which then only attend (attention/expert split). */
  readonly apart?: boolean | undefined;
}

/** Parts of a step that take turns: two share the streams of a die, up to four go back and forth between attention and expert dies. */
export type Microbatches = 1 | 2 | 3 | 4;

/** How the tokens of one sequence are spread over dies. */
export interface ContextLayout {
  /**
   * Groups of `tensor` dies that share the sequences of a rank (CP): each computes its part of every prompt, in two pieces from either end so
   * that causal work is even, and keeps the KV of that part.
   */
  readonly parallel: number;
  /** How groups see the keys and values of the others: gathered in front of the attention, or passed around a ring while it runs. */
  readonly exchange: 'all-gather' | 'ring';
  /** Dies among the `tensor` ones that share the KV of a sequence token by token (DCP); heads are copied over no more than the others. */
  readonly decode: number;
}

/** How one instance of a model is laid over dies. */
export interface Layout {
  /** Of its data-parallel ranks; experts that are apart have more beside them, see `instanceDies`. */
  readonly dies: number;
  /** Dies that share one attention head group (TP). */
  readonly tensor: number;
  /** Absent: a sequence stays on the dies that share its heads. */
  readonly context?: ContextLayout | undefined;
  readonly pipeline: number;
  /**
   * `tensor` splits heads. `sp-tp-sp` is for prefill: the `tensor` dies of a rank split tokens, then heads, then tokens again, so that
   * down and output projections and feed-forward weights are whole on every die.
   */
  readonly attention: 'tensor' | 'sp-tp-sp';
  readonly experts: ExpertLayout;
  /** How many microbatches a step is cut into so that compute and communication overlap: 1 or 2, up to 4 where experts are apart. */
  readonly microbatches: Microbatches;
  /** Tokens that are proposed per step; 0 without speculation. */
  readonly draftTokens: number;
  /** Who proposes them; absent is the model's own draft module. */
  readonly drafter?: Drafter | undefined;
}

const together: ContextLayout = { parallel: 1, exchange: 'all-gather', decode: 1 };

/** How a layout spreads the tokens of a sequence. */
export function contextOf({ context }: Layout): ContextLayout {
  return context ?? together;
}

/** Dies of one data-parallel rank in one pipeline stage. */
export function stageDies(layout: Layout): number {
  return layout.tensor * contextOf(layout).parallel;
}

/** Dies of one instance, those of experts that are apart included. */
export function instanceDies({ dies, experts }: Layout): number {
  return dies + (experts.apart === true ? experts.parallel : 0);
}

/** Dies that take part in a dispatch or combine on the side that has more of them. */
export function exchangeRanks({ dies, experts }: Layout): number {
  return experts.apart === true ? Math.max(dies, experts.parallel) : experts.parallel;
}

/** Data-parallel ranks of a layout: groups of dies with KV and queue of their own. */
export function dataRanks(layout: Layout): number {
  return layout.dies / (stageDies(layout) * layout.pipeline);
}

/** Dies that split the matrices of one expert. */
export function expertTensor({ tensor, attention, experts }: Layout): number {
  return attention === 'tensor' && experts.apart !== true && experts.parallel < tensor ? tensor / experts.parallel : 1;
}

/** What says which dies hold which experts. */
interface Spread {
  readonly experts: Pick<ExpertLayout, 'parallel' | 'sharedDies'>;
}

/** Whether shared experts sit on dies of their own: then tokens are sent to them like to routed ones. */
export function sharedApart({ experts }: Spread): boolean {
  return experts.sharedDies > 0 && experts.sharedDies < experts.parallel;
}

/** Dies of an expert group that hold routed experts. */
export function routedDies(layout: Spread): number {
  const { parallel, sharedDies } = layout.experts;
  return sharedApart(layout) ? parallel - sharedDies : parallel;
}

/** Whether tokens travel to their experts over an exchange; otherwise every die of the group has them already. */
export function exchangesTokens({ experts, tensor, attention }: Layout): boolean {
  return experts.apart === true || (experts.parallel > 1 && (attention === 'sp-tp-sp' || experts.parallel > tensor));
}
