import { sharedApart, stageDies, type Layout } from './layout.ts';

/** What an instance goes on without. */
export interface LostDies {
  /** Data-parallel ranks, with all their dies. */
  readonly ranks: number;
  /** Those that held routed experts, by their number among all that do; a pipeline loses as many of every stage. */
  readonly routed: readonly number[];
  /** Dies of shared copies. */
  readonly shared: number;
  /** Copies beyond one of each routed expert that are left. */
  readonly redundant: number;
}

/** A layout after some of its dies have left: experts lie on one group of all dies that are left, or on those that are apart. */
export function layoutWithout(layout: Layout, { ranks, routed, shared, redundant }: LostDies): Layout {
  const { dies, pipeline, experts } = layout;
  const gone = ranks * stageDies(layout);
  const parallel = experts.parallel - (experts.apart === true ? routed.length + shared : gone);
  // One copy for each die stays that.
  const sharedDies = sharedApart(layout) ? experts.sharedDies - shared : Math.min(experts.sharedDies, parallel);
  return { ...layout, dies: dies - gone * pipeline, experts: { ...experts, parallel, sharedDies, redundant } };
}
