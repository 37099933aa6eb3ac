import { paceOf, type RankBatch } from '../cost/batch.ts';
import type { DeployedPool } from '../serving/deploy.ts';
import type { PoolMeter } from '../serving/metrics.ts';

/** Mean lengths of the requests that a window saw. [tokens] */
export interface MeanRequest {
  readonly computed: number;
  readonly output: number;
}

const idle: RankBatch = { decodeSequences: 0, queryTokens: 1, decodeContext: 0, prefillTokens: 0, prefillSequences: 0, prefillPairs: 0, prefillContext: 0 };

/**
 * Rate of a pool against what it sustains with full batches of the same requests; 1 is where it binds. A full prefill batch is the
 * token budget on every rank, each with as much attention as the rank that the others waited for; a full decode batch is as many
 * sequences as slots and KV blocks allow at the mean context seen. A merged instance needs the time of both for each request.
 */
export function poolLoad({ plant }: DeployedPool, meter: PoolMeter, length: number, request: MeanRequest): number {
  if (length <= 0 || meter.steps === 0) return 0;
  const ranks = plant.instances * plant.ranks;
  const perRank = length * ranks;
  return (meter.prefillTokens / perRank) * prefillTime(plant, meter, request) + (meter.decodeTokens / perRank) * decodeTime(plant, meter);
}

/** Time that a full batch takes for one prompt token of a rank. [s] */
function prefillTime(plant: DeployedPool['plant'], meter: PoolMeter, request: MeanRequest): number {
  if (meter.prefillTokens === 0) return 0;
  const tokens = Math.min(plant.tokenBudget, plant.kvBlocks * plant.blockTokens);
  const sequences = Math.max(1, Math.round(tokens / Math.max(1, request.computed)));
  const pairs = (meter.slowestPairs / meter.prefillTokens) * tokens;
  const context = Math.max(tokens, Math.round((2 * pairs) / (tokens / sequences)));
  const rank: RankBatch = { ...idle, prefillTokens: tokens, prefillSequences: sequences, prefillPairs: pairs, prefillContext: context };
  return paceOf(plant.pricer.cost({ rank, instanceTokens: tokens * plant.ranks }), plant.stages) / tokens;
}

/** Time that a full batch takes for one output token of a rank. [s] */
function decodeTime(plant: DeployedPool['plant'], meter: PoolMeter): number {
  if (meter.decodeSequences === 0) return 0;
  const queryTokens = 1 + plant.acceptance.length;
  const context = Math.max(1, meter.decodeContext / meter.decodeSequences);
  const each = context / plant.blockTokens + 1 / 2 + plant.stateBlocks;
  const fitting = Math.floor((plant.kvBlocks - plant.watermarkBlocks) / each);
  const sequences = Math.max(1, Math.min(plant.maxSequences, Math.floor(fitting / plant.stages), Math.floor(plant.tokenBudget / queryTokens)));
  const rank: RankBatch = { ...idle, decodeSequences: sequences, queryTokens, decodeContext: Math.round(sequences * context) };
  const emitted = meter.decodeTokens / meter.decodeSequences;
  return paceOf(plant.pricer.cost({ rank, instanceTokens: sequences * queryTokens * plant.ranks }), plant.stages) / (sequences * emitted);
}
