/**
 * What one iteration computes, as the sums that its cost depends on: attention is linear in them, everything else depends on
 * token counts. Per data-parallel rank: the rank that is priced; the instance steps with its slowest one.
 */
export interface RankBatch {
  /** Sequences that decode. */
  readonly decodeSequences: number;
  /** Query tokens of one decoding sequence: 1 + drafts. */
  readonly queryTokens: number;
  /** Sum over decoding sequences of the tokens in their KV. */
  readonly decodeContext: number;
  /** New prompt tokens. */
  readonly prefillTokens: number;
  /** Prompts, or chunks of prompts, that they belong to. */
  readonly prefillSequences: number;
  /** Sum over new prompt tokens of the tokens each attends to, itself included: n(n+1)/2 for a fresh prompt of n. */
  readonly prefillPairs: number;
  /** Sum over prompts of the tokens in their KV after this step: what attention reads. */
  readonly prefillContext: number;
}

/** A whole instance's iteration: its slowest rank, and the tokens of all ranks together, which meet in the experts. */
export interface InstanceBatch {
  readonly rank: RankBatch;
  /** Tokens (queries and new prompt tokens) over all ranks of the instance. */
  readonly instanceTokens: number;
}

/** Engines of a die whose busy time a step reports. */
export const engines = ['matrix', 'vector', 'memory', 'scale-up', 'scale-out', 'host'] as const;
export type Engine = (typeof engines)[number];

export interface StepCost {
  /** From the start of the step to the start of the next. [s] */
  readonly time: number;
  /** Busy time per engine, in the order of `engines`. [s] */
  readonly busy: readonly number[];
}

/** Prices the iterations of one instance. Pure: the same batch, the same cost. */
export interface StepPricer {
  cost(batch: InstanceBatch): StepCost;
}
