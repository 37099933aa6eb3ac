import { runsOf } from '../kernel/id-runs.ts';
import type { InstanceBatch, StepPricer } from '../cost/batch.ts';
import { syntheticPricer } from './cases.contract.ts';
import { simpleLinks, type Moves, type Pooled } from './links.contract.ts';
import type { Plant, PoolPlant } from './plant.ts';
import { emptyArrival, type Arrival } from './traffic/arrival.ts';

/** Time of an iteration where nothing else is said. [s] */
export const tick = 2 ** -10;

/** Every iteration takes one tick. */
const ticking: StepPricer = syntheticPricer([2 ** 10]);

const pool: PoolPlant = {
  name: 'merged',
  role: 'merged',
  instances: 1,
  stages: 1,
  ranks: 1,
  kvBlocks: 100,
  blockTokens: 1,
  stateBlocks: 0,
  watermarkBlocks: 0,
  maxSequences: 8,
  tokenBudget: 100,
  prefixCaching: false,
  acceptance: [],
  pricer: ticking,
};

const rest = { links: [], firstToken: 'prefill', maxContext: 100, maxContextOf: 'the model', slo: {}, seed: 1 } as const;

/** One pool that does both. */
export function mergedPlant(of: Partial<PoolPlant> = {}, plant: Partial<Plant> = {}): Plant {
  return { pools: [{ ...pool, ...of }], ...rest, ...plant };
}

/** A prefill and a decode pool; a token takes 2^-20 s over a link. */
export function splitPlant(
  prefill: Partial<PoolPlant> = {},
  decode: Partial<PoolPlant> = {},
  plant: Partial<Plant> = {},
  moves: Partial<Moves> = {},
  cache?: Pooled,
): Plant {
  const pools = [
    { ...pool, name: 'prefill', role: 'prefill', ...prefill },
    { ...pool, name: 'decode', role: 'decode', watermarkBlocks: 1, ...decode },
  ] as const;
  const all = { bytesPerToken: 1, bytesPerSequence: 0, sourcesPerRank: 1, sourceBandwidth: 2 ** 20, sinkBandwidth: 2 ** 20, latency: 0, ...moves };
  return { pools, ...rest, ...simpleLinks(pools, all, cache), ...plant };
}

/** A request; `blocks` are the ids of its prefix, of one token each. */
export function request(arrivedAt: number, inputTokens: number, outputTokens: number, blocks: readonly number[] = []): Arrival {
  return { ...emptyArrival(), arrivedAt, inputTokens, outputTokens, blockTokens: blocks.length === 0 ? 0 : 1, prefix: runsOf(blocks) };
}

/** A pricer that keeps what it was asked. */
export function probe(pricer: StepPricer = ticking): StepPricer & { readonly asked: InstanceBatch[] } {
  const asked: InstanceBatch[] = [];
  return {
    asked,
    cost: (batch) => {
      asked.push({ ...batch, rank: { ...batch.rank } });
      return pricer.cost(batch);
    },
  };
}
