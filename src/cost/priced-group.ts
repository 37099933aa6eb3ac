import type { Stream } from '../catalogue/stack.ts';
import type { OperatorGroup } from '../model/operator.ts';
import type { Price } from './price.ts';
import type { Schedule } from './schedule.ts';

/** One group of a step with its prices and its schedule. */
export interface PricedGroup {
  readonly group: OperatorGroup;
  readonly prices: readonly Price[];
  /** Index of the stream of each operator, and the streams; empty for one microbatch on the whole die. */
  readonly streamOf: Int32Array;
  readonly streams: readonly Stream[];
  /** Only for two microbatches. */
  readonly schedule: Schedule | undefined;
  /** Part of the step that each operator is answerable for. [s] */
  readonly exposed: Float64Array;
}
