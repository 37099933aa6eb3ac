import { dataRanks, routedDies, sharedApart, stageDies, exchangesTokens, type Layout } from '../../model/layout.ts';

/** What an instance loses with some of its dies. */
export interface LostPlaces {
  /** Data-parallel ranks: one that loses a die takes no part. */
  readonly ranks: ReadonlySet<number>;
  /** Places of all dies that take no part, among those of the instance. */
  readonly places: ReadonlySet<number>;
  /** Those that hold routed experts, by number among all that do, ascending; in a pipeline the same of every stage. */
  readonly routed: readonly number[];
  /** Dies of shared copies: the last ones of those that hold experts. */
  readonly shared: number;
}

/**
 * What goes with the dies at some places among those of an instance: stage by stage and rank by rank, those of experts that are apart behind
 * all others. Experts lie on all dies of a stage in their order, or on those that are apart.
 */
export function lostPlaces(layout: Layout, dead: ReadonlySet<number>): LostPlaces {
  const { dies, pipeline, experts } = layout;
  const perRank = stageDies(layout);
  const stage = dies / pipeline;
  const ranks = new Set([...dead].flatMap((place) => (place < dies ? [Math.floor((place % stage) / perRank)] : [])).sort((a, b) => a - b));
  const inStage = [...ranks].flatMap((rank) => Array.from({ length: perRank }, (_, die) => rank * perRank + die));
  const idle = inStage.flatMap((at) => Array.from({ length: pipeline }, (_, s) => s * stage + at));
  const apart = [...dead].filter((place) => place >= dies).sort((a, b) => a - b);
  const holders = experts.apart === true ? apart.map((place) => place - dies) : inStage;
  const routed = holders.filter((at) => !sharedApart(layout) || at < routedDies(layout));
  return { ranks, places: new Set([...idle, ...apart]), routed, shared: holders.length - routed.length };
}

/** Places of the dies that hold routed experts of a number, one for each stage of a pipeline. */
export function placesOfRouted({ dies, pipeline, experts }: Layout, routed: number): readonly number[] {
  if (experts.apart === true) return [dies + routed];
  return Array.from({ length: pipeline }, (_, stage) => (stage * dies) / pipeline + routed);
}

/** Why an instance of a layout cannot go on without some dies; undefined where nothing in the layout is against it. */
export function obstacle(layout: Layout, { ranks, routed, shared }: LostPlaces): string | undefined {
  const { dies, pipeline, experts } = layout;
  if (!exchangesTokens(layout)) return 'its experts are not spread over ranks';
  const groups = experts.apart === true ? 1 : dies / pipeline / experts.parallel;
  if (groups > 1) return `each of its ${groups} groups of experts has all of them to itself`;
  if (ranks.size === dataRanks(layout)) return ranks.size === 1 ? 'it has a single rank' : 'none of its ranks is left';
  if (routed.length === routedDies(layout)) return 'no die of routed experts is left';
  if (sharedApart(layout) && shared === experts.sharedDies) return 'no copy of the shared expert is left';
  return undefined;
}
