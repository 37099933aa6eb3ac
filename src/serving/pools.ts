import { Acceptance } from './acceptance.ts';
import { RankAdapters } from './adapters/rank-adapters.ts';
import { BlocksInUse } from './blocks-in-use.ts';
import { Instance } from './instance.ts';
import type { InstanceListener } from './instance-listener.ts';
import { KvBlocks } from './kv-blocks.ts';
import { Pipeline } from './pipeline.ts';
import type { PoolPlant } from './plant.ts';
import type { WaitingQueue } from './policies/waiting-queue.ts';
import { RankColumns } from './rank-columns.ts';
import { Rank } from './rank.ts';
import type { RequestTable } from './request-table.ts';

/** Equal instances with one job. Of a pipeline each batch in flight is one: the first of every instance, then the second of every one. */
export interface Pool {
  readonly plant: PoolPlant;
  readonly index: number;
  /** Number of its first instance over all pools. */
  readonly first: number;
  readonly instances: readonly Instance[];
}

/** A pool whose instances are numbered from `first`. */
export function poolOf(
  plant: PoolPlant,
  index: number,
  first: number,
  seed: number,
  table: RequestTable,
  listener: InstanceListener,
  queue: (rank: Rank) => WaitingQueue,
): Pool {
  const each = <Part>(make: () => Part): readonly Part[] => Array.from({ length: plant.instances }, make);
  const used = each(() => new BlocksInUse(plant.ranks));
  const kv = used.map((blocks) => Array.from(blocks.of, (_, r) => new KvBlocks(plant.kvBlocks, plant.blockTokens, blocks, r)));
  const pipelines = plant.stages > 1 ? each(() => new Pipeline(plant.stages)) : [];
  const options = { ...plant, acceptance: new Acceptance(seed, plant.acceptance) };
  const instances = Array.from({ length: plant.instances * plant.stages }, (_, i) => {
    const at = i % plant.instances;
    const columns = new RankColumns(plant, used[at], table);
    const ranks = kv[at].map((blocks, r) => new Rank(blocks, columns, r, i * plant.ranks + r, queue));
    const { adapters } = plant;
    if (adapters !== undefined) for (const rank of ranks) rank.adapters = new RankAdapters(adapters, table);
    return new Instance(first + i, options, table, listener, ranks, columns, pipelines[at]);
  });
  if (plant.stages > 1) for (const instance of instances) instance.batches = instances.filter(({ pipeline }) => pipeline === instance.pipeline);
  return { plant, index, first, instances };
}

/** The rank over all instances of a pool, of a rank over all their batches in flight. */
export function rankOver(rank: number, { instances, ranks }: PoolPlant): number {
  return rank % (instances * ranks);
}
