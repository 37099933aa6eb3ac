import type { Doubt } from '../base/doubt.ts';
import { paceOf, type InstanceBatch, type RankBatch } from '../cost/batch.ts';
import { sharesOf, trusts, type TrustShares } from '../cost/uncertainty/trust.ts';
import type { DeployedPool } from '../serving/deploy.ts';
import { emptyRank, fullPromptBatch, fullPromptPace } from '../serving/full-batch.ts';
import type { PoolMeter } from '../serving/metrics.ts';

/** Mean lengths of the requests that a window saw. [tokens] */
export interface MeanRequest {
  readonly computed: number;
  readonly output: number;
}

/** What the full steps of a pool stand on. */
export interface PoolTrust {
  readonly shares: TrustShares;
  readonly doubts: readonly Doubt[];
}

/**
 * Rate of a pool against what it sustains with full batches of the same requests; 1 is where it binds. A full prefill batch is the
 * token budget on every rank, each with as much attention as the rank that the others waited for; a full decode batch is as many
 * sequences as slots and KV blocks allow at the mean context seen. A merged instance needs the time of both for each request.
 * @param seconds of service of all instances together
 * @param emitted tokens that a step emits of each sequence, over what the run saw
 */
export function poolLoad({ plant }: Pick<DeployedPool, 'plant'>, meter: PoolMeter, seconds: number, request: MeanRequest, emitted: number = 1): number {
  if (seconds <= 0 || meter.steps === 0) return 0;
  const perRank = seconds * plant.ranks;
  return (meter.prefillTokens / perRank) * prefillTime(plant, meter, request) + ((meter.decodeTokens / perRank) * decodeTime(plant, meter)) / emitted;
}

/** A full batch of prompts, with the tokens of a rank; undefined where the pool saw none. */
function promptBatch(plant: DeployedPool['plant'], meter: PoolMeter, request: MeanRequest): InstanceBatch | undefined {
  if (meter.prefillTokens === 0) return undefined;
  const each = { pairs: meter.slowestPairs / meter.prefillTokens, context: meter.prefillContext / meter.prefillTokens };
  return fullPromptBatch(plant, { ...each, length: request.computed });
}

/** A full batch of decoding sequences; undefined where the pool saw none. */
function decodeBatch(plant: DeployedPool['plant'], meter: PoolMeter): InstanceBatch | undefined {
  if (meter.decodeSequences === 0) return undefined;
  const queryTokens = 1 + plant.acceptance.length;
  const context = Math.max(1, meter.decodeContext / meter.decodeSequences);
  const each = context / plant.blockTokens + 1 / 2 + plant.stateBlocks;
  const fitting = Math.floor((plant.kvBlocks - plant.watermarkBlocks) / each);
  const sequences = Math.max(1, Math.min(plant.maxSequences, Math.floor(fitting / plant.stages), Math.floor(plant.tokenBudget / queryTokens)));
  const rank: RankBatch = { ...emptyRank, decodeSequences: sequences, queryTokens, decodeContext: Math.round(sequences * context) };
  return { rank, instanceTokens: sequences * queryTokens * plant.ranks };
}

/** Time that a full batch takes for one prompt token of a rank. [s] */
function prefillTime(plant: DeployedPool['plant'], meter: PoolMeter, request: MeanRequest): number {
  const batch = promptBatch(plant, meter, request);
  return batch === undefined ? 0 : fullPromptPace(plant, batch);
}

/** Time that a full batch takes for one output token of a rank. [s] */
function decodeTime(plant: DeployedPool['plant'], meter: PoolMeter): number {
  const batch = decodeBatch(plant, meter);
  if (batch === undefined) return 0;
  return paceOf(plant.pricer.cost(batch), plant.stages) / ((batch.rank.decodeSequences * meter.decodeTokens) / meter.decodeSequences);
}

/** What full steps of a pool stand on, by the time that it spent in them, and what is doubtful about them. */
export function poolTrust({ plant, pricer }: DeployedPool, meter: PoolMeter, request: MeanRequest): PoolTrust {
  const parts = [
    { batch: promptBatch(plant, meter, request), time: meter.prefillTokens * prefillTime(plant, meter, request) },
    { batch: decodeBatch(plant, meter), time: meter.decodeTokens * decodeTime(plant, meter) },
  ].flatMap(({ batch, time }) => (batch === undefined ? [] : [{ explanation: pricer.explain(batch), time }]));
  return {
    shares: sharesOf(parts.flatMap(({ explanation: { trust }, time }) => trusts.map((one) => ({ trust: one, time: time * trust.shares[one] })))),
    doubts: parts.flatMap(({ explanation }) => explanation.doubts),
  };
}
