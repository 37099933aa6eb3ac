import type { Stream } from '../catalogue/stack.ts';
import type { OperatorGroup } from '../model/operator.ts';
import type { Halves, Price } from './price.ts';
import type { Share } from './roofline.ts';
import type { Drift } from './drift.ts';
import type { OperatorRuns } from './schedule.ts';
import type { Overlap } from './overlap.ts';

/** One group of a step before it is priced: what runs, where, and on what share of the die. */
export interface PlannedGroup {
  readonly group: OperatorGroup;
  /** Share of each operator; empty for the whole die. */
  readonly shares: readonly Share[];
  /** Index of the stream of each operator, and the streams; empty for one microbatch on the whole die. */
  readonly streamOf: Int32Array;
  readonly streams: readonly Stream[];
  readonly drift: Drift;
  /** Where exchanges have no cores of their own: see `Pricing.halvesOf`. */
  readonly halves?: Halves | undefined;
  /** Runs by which the second microbatch follows the first, where the stack says so. */
  readonly lag?: number | undefined;
  /** Only for two microbatches: the runs of the layer, and what lays them out. */
  readonly runs?: OperatorRuns | undefined;
  readonly overlap?: Overlap | undefined;
}

/** One group of a step with its prices and its schedule. */
export interface PricedGroup extends PlannedGroup {
  readonly prices: readonly Price[];
  /** Part of the step that each operator is answerable for. [s] */
  readonly exposed: Float64Array;
}
