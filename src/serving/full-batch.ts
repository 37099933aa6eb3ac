import { paceOf, type InstanceBatch, type RankBatch } from '../cost/batch.ts';
import type { PoolPlant } from './plant.ts';

/** A rank without work. */
export const emptyRank: RankBatch = {
  decodeSequences: 0,
  queryTokens: 1,
  decodeContext: 0,
  prefillTokens: 0,
  prefillSequences: 0,
  prefillPairs: 0,
  prefillContext: 0,
};

/** What a pool has computed of prompts, for each of their tokens. */
export interface PromptsSeen {
  /** Tokens that it attends to, on the rank that the others wait for. */
  readonly pairs: number;
  /** Tokens in the KV behind its iteration: 1 where prompts are computed whole, more where prefixes are cached or prompts come in chunks. */
  readonly context: number;
  /** What is computed of a prompt. [tokens] */
  readonly length: number;
}

/** A full batch of prompts: the token budget on every rank. */
export function fullPromptBatch({ tokenBudget, kvBlocks, blockTokens, ranks }: PoolPlant, { pairs, context: seen, length }: PromptsSeen): InstanceBatch {
  const tokens = Math.min(tokenBudget, kvBlocks * blockTokens);
  const sequences = Math.max(1, Math.round(tokens / Math.max(1, length)));
  const context = Math.max(tokens, Math.round(seen * tokens));
  const rank: RankBatch = { ...emptyRank, prefillTokens: tokens, prefillSequences: sequences, prefillPairs: pairs * tokens, prefillContext: context };
  return { rank, instanceTokens: tokens * ranks };
}

/** Time that a full batch takes for one prompt token of a rank. [s] */
export function fullPromptPace(plant: PoolPlant, batch: InstanceBatch): number {
  return paceOf(plant.pricer.cost(batch), plant.stages) / batch.rank.prefillTokens;
}
