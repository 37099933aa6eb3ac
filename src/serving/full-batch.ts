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

/**
 * A full batch of prompts: the token budget on every rank.
 * @param pairs that each token attends to, on the rank that the others wait for; @param length of what is computed of a prompt [tokens]
 */
export function fullPromptBatch({ tokenBudget, kvBlocks, blockTokens, ranks }: PoolPlant, pairs: number, length: number): InstanceBatch {
  const tokens = Math.min(tokenBudget, kvBlocks * blockTokens);
  const sequences = Math.max(1, Math.round(tokens / Math.max(1, length)));
  const context = Math.max(tokens, Math.round((2 * pairs * tokens) / (tokens / sequences)));
  const rank: RankBatch = { ...emptyRank, prefillTokens: tokens, prefillSequences: sequences, prefillPairs: pairs * tokens, prefillContext: context };
  return { rank, instanceTokens: tokens * ranks };
}

/** Time that a full batch takes for one prompt token of a rank. [s] */
export function fullPromptPace(plant: PoolPlant, batch: InstanceBatch): number {
  return paceOf(plant.pricer.cost(batch), plant.stages) / batch.rank.prefillTokens;
}
