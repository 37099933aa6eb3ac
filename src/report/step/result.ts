import type { StepRequest } from './request.ts';
import type { StepExplanation } from '../../cost/explain.ts';

export interface StepResult {
  /** Of one sequence that decodes; absent in prefill. [s] */
  readonly tpot?: number;
  /** Tokens emitted (decode) or prefilled, per package. [1/s] */
  readonly tokensPerSecondPerChip: number;
  readonly tokensPerSecond: number;
}

/** What an iteration comes to if it repeats. */
export function resultOf({ phase, total, emitted, chips, setting }: StepRequest, { pace }: StepExplanation): StepResult {
  // Sequences are spread over all batches in flight, and step once in a round of them; the tokens of prompts are those of one batch.
  const round = setting.layout.pipeline * pace;
  const tokensPerSecond = phase === 'decode' ? (total * emitted) / round : total / pace;
  return { ...(phase === 'decode' ? { tpot: round / emitted } : {}), tokensPerSecondPerChip: tokensPerSecond / chips, tokensPerSecond };
}
