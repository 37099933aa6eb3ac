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
