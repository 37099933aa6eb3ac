import type { StepRequest } from '../../schema/step/request.ts';
import type { StepExplanation } from '../../src/cost/explain.ts';

export interface StepResult {
  /** Of one sequence that decodes; absent in prefill. [s] */
  readonly tpot?: number;
  /** Tokens emitted (decode) or prefilled, per package. [1/s] */
  readonly tokensPerSecondPerChip: number;
  readonly tokensPerSecond: number;
}

/** What an iteration comes to if it repeats. */
export function resultOf({ phase, total, emitted, chips }: StepRequest, { time }: StepExplanation): StepResult {
  const tokensPerSecond = (total * (phase === 'decode' ? emitted : 1)) / time;
  return { ...(phase === 'decode' ? { tpot: time / emitted } : {}), tokensPerSecondPerChip: tokensPerSecond / chips, tokensPerSecond };
}
