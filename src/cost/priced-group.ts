import type { Stream } from '../catalogue/stack.ts';
import type { OperatorGroup } from '../model/operator.ts';
import type { Price } from './price.ts';
import type { Launching } from './pricing.ts';
import type { OperatorRuns } from './schedule.ts';
import type { LaidOut } from './laid-out.ts';

/** One group of a step before it is priced: what runs, where, and on what share of the die. */
export interface PlannedGroup extends Launching {
  readonly group: OperatorGroup;
  /** What each operator is answerable for a part of, as an index of `stages`. */
  readonly stageOf: Int32Array;
  /** Index of the stream of each operator, and the streams; empty for one microbatch on the whole die. */
  readonly streamOf: Int32Array;
  readonly streams: readonly Stream[];
  /** Runs by which the second microbatch follows the first, where the stack says so. */
  readonly lag?: number | undefined;
  /** Share of the dies of the instance that each operator keeps busy; absent: all of them. */
  readonly busy?: Float64Array | undefined;
  /** Only where microbatches overlap: the runs of the layer, and what lays them out. */
  readonly runs?: OperatorRuns | undefined;
  readonly overlap?: LaidOut | undefined;
}

/** One group of a step with its prices and its schedule. */
export interface PricedGroup extends PlannedGroup {
  readonly prices: readonly Price[];
  /** Part of the step that each operator is answerable for. [s] */
  readonly exposed: readonly number[];
}
