import type { StepConstant } from '../../cost/constants.ts';
import type { StepExplanation } from '../../cost/explain.ts';
import type { Interval } from '../../cost/uncertainty/interval.ts';
import type { Improvement } from '../../cost/improvements.ts';

/** The 80 % intervals of what an iteration comes to, in the units of its result. */
export interface StepIntervals {
  readonly samples: number;
  readonly time: Interval;
  readonly tpot?: Interval;
  readonly tokensPerSecondPerChip: Interval;
  readonly tokensPerSecond: Interval;
}

/** All that is said about one iteration. */
export interface StepAccount {
  readonly explanation: StepExplanation;
  /** Only where they are worked out. */
  readonly improvements: readonly Improvement[] | undefined;
  /** Only where they are drawn. */
  readonly intervals: StepIntervals | undefined;
  /** Only where they are asked for. */
  readonly constants: readonly StepConstant[] | undefined;
}
