import { dataRanks, instanceDies, stageDies, type Layout } from '../model/layout.ts';

interface Placeable {
  readonly instances: number;
  /** Those that control loops may add: they have the dies behind all that are there from the beginning. */
  readonly added?: number | undefined;
  readonly layout: Layout;
}

/** Dies of one data-parallel rank, stage by stage. */
export type RankDies = readonly (readonly number[])[];

/**
 * Which dies of the machine ranks of pools have, over all instances of each: pools one behind the other, instances in order, and within an instance stage by stage and
 * rank by rank, dies of experts apart last, so that chips and nodes fill up in order.
 * @param count dies of the machine: added instances go on from its first one where it ends
 */
export function placement(pools: readonly Placeable[], count: number = Infinity): readonly (readonly RankDies[])[] {
  let first = 0;
  let behind = pools.reduce((sum, { instances, layout }) => sum + instances * instanceDies(layout), 0);
  return pools.map(({ instances, added = 0, layout }) => {
    const ranks = dataRanks(layout);
    const dies = stageDies(layout);
    const start = first;
    const whole = instanceDies(layout);
    first += instances * whole;
    const firsts = Array.from({ length: instances }, (_, i) => start + i * whole);
    for (let i = 0; i < added; i++) {
      if (behind + whole > count) behind = 0;
      firsts.push(behind);
      behind += whole;
    }
    const at = (instance: number, stage: number, rank: number): number => firsts[instance] + (stage * ranks + rank) * dies;
    return Array.from({ length: firsts.length * ranks }, (_, over) =>
      Array.from({ length: layout.pipeline }, (__, stage) => {
        const from = at(Math.floor(over / ranks), stage, over % ranks);
        return Array.from({ length: dies }, (___, die) => from + die);
      }),
    );
  });
}
