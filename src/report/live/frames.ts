import { engines } from '../../cost/batch.ts';
import type { Run } from '../../serving/deploy.ts';
import type { Instance } from '../../serving/instance.ts';
import { instanceStates, type Frame } from './frame.ts';

/** What a frame tells of the deployment at a moment. */
export type Deployment = Pick<Frame, 'states' | 'occupancy' | 'waiting' | 'exchanges' | 'kv' | 'sequences'>;

/** Instances and ranks of all pools, one behind the other; batches in flight of a pipeline count together. */
export function deploymentOf({ simulation }: Run): Deployment {
  const states: number[] = [];
  const occupancy: number[] = [];
  const waiting: number[] = [];
  const exchanges: number[] = [];
  const kv: number[] = [];
  const sequences: number[] = [];
  for (const { plant, instances } of simulation.pools) {
    for (let i = 0; i < plant.instances; i++) {
      const batches = instances.filter((_, at) => at % plant.instances === i);
      const [first] = batches as [Instance];
      states.push(instanceStates.indexOf(first.stuck ? 'stuck' : first.state));
      occupancy.push(sum(batches, (batch) => occupied(batch, plant)) / plant.stages);
      exchanges.push(sum(batches, exchanging) / plant.stages);
      waiting.push(sum(batches, ({ ranks }) => sum(ranks, (rank) => rank.waiting.size + rank.late.size)));
    }
  }
  for (const { plant, instances } of simulation.pools)
    for (let i = 0; i < plant.instances; i++) {
      const batches = instances.filter((_, at) => at % plant.instances === i);
      for (let r = 0; r < plant.ranks; r++) {
        kv.push((batches[0]?.ranks[r]?.usedBlocks ?? 0) / plant.kvBlocks);
        sequences.push(sum(batches, ({ ranks }) => ranks[r]?.sequences ?? 0));
      }
    }
  return {
    states: Uint8Array.from(states),
    occupancy: Float32Array.from(occupancy),
    waiting: Float32Array.from(waiting),
    exchanges: Float32Array.from(exchanges),
    kv: Float32Array.from(kv),
    sequences: Float32Array.from(sequences),
  };
}

/** Share of its places, or of its token budget, that an instance's iteration takes up. */
function occupied({ running, iteration }: Instance, { role, tokenBudget, maxSequences, ranks }: Run['deployed']['plant']['pools'][number]): number {
  if (!running) return 0;
  return role === 'prefill' ? iteration.prefillTokens / (tokenBudget * ranks) : iteration.decoding / (maxSequences * ranks);
}

/** Share of the time of an instance's iteration in which its dies exchange something. */
function exchanging({ running, iteration: { cost } }: Instance): number {
  return running && cost !== undefined && cost.time > 0 ? exchangeTime(cost.busy) / cost.time : 0;
}

/** Of busy times by engine: that of the busier plane. */
export function exchangeTime(busy: ArrayLike<number>): number {
  return Math.max(busy[scaleUp] ?? 0, busy[scaleOut] ?? 0);
}

const [scaleUp, scaleOut] = [engines.indexOf('scale-up'), engines.indexOf('scale-out')];

function sum<T>(items: readonly T[], of: (item: T) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

/** By instance the dies that it runs on now; undefined where nothing can have moved them. */
export function spreadOf({ simulation, dies, faults, fleet }: Run): readonly (readonly number[])[] | undefined {
  if (faults.length === 0 && fleet === undefined) return undefined;
  return simulation.pools.flatMap(({ plant, instances }) => instances.slice(0, plant.instances).map((instance) => dies.of(instance)));
}

/** Numbers of instances over all pools, by those that events have: batches in flight of a pipeline are one instance. */
export function instanceNumbers({ simulation }: Run): readonly number[] {
  let first = 0;
  return simulation.pools.flatMap(({ plant, instances }) => {
    const numbers = instances.map((_, i) => first + (i % plant.instances));
    first += plant.instances;
    return numbers;
  });
}
