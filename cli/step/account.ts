import type { StepConstant } from '../../src/cost/constants.ts';
import type { StepExplanation } from '../../src/cost/explain.ts';
import type { Improvement } from '../../src/cost/improvements.ts';

/** All that is said about one iteration. */
export interface StepAccount {
  readonly explanation: StepExplanation;
  readonly improvements: readonly Improvement[];
  /** Only where they are asked for. */
  readonly constants: readonly StepConstant[] | undefined;
}
