import { dataRanks, instanceDies, stageDies, type Layout } from '../model/layout.ts';

interface Placeable {
  readonly instances: number;
  readonly layout: Layout;
}

/** Dies of one data-parallel rank, stage by stage. */
export type RankDies = readonly (readonly number[])[];

/**
 * Which dies of the machine ranks of pools have, over all instances of each: pools one behind the other, instances in order, and within an instance stage by stage and
 * rank by rank, so that chips and nodes fill up in order.
 */
export function placement(pools: readonly Placeable[]): readonly (readonly RankDies[])[] {
  let first = 0;
  return pools.map(({ instances, layout }) => {
    const ranks = dataRanks(layout);
    const dies = stageDies(layout);
    const start = first;
    first += instances * instanceDies(layout);
    const at = (instance: number, stage: number, rank: number): number => start + instance * instanceDies(layout) + (stage * ranks + rank) * dies;
    return Array.from({ length: instances * ranks }, (_, over) =>
      Array.from({ length: layout.pipeline }, (__, stage) => {
        const from = at(Math.floor(over / ranks), stage, over % ranks);
        return Array.from({ length: dies }, (___, die) => from + die);
      }),
    );
  });
}
