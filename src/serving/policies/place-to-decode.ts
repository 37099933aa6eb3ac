import type { Pool } from '../pools.ts';
import type { Rank } from '../rank.ts';

/**
 * Picks the rank on which a prompt decodes, among those that can promise it a place: fewest sequences, then most free blocks, then
 * the first (RTE-2). Undefined when none has room.
 */
export function leastOccupied({ instances, plant }: Pool, ranks: readonly Rank[], prompt: number): Rank | undefined {
  let best: Rank | undefined;
  let leastSequences = Infinity;
  let mostRoom = -Infinity;
  for (const rank of ranks) {
    const sequences = rank.sequences;
    if (sequences > leastSequences || (sequences === leastSequences && rank.room <= mostRoom)) continue;
    if (!instances[Math.floor(rank.index / plant.ranks)].canReserve(rank, prompt)) continue;
    best = rank;
    leastSequences = sequences;
    mostRoom = rank.room;
  }
  return best;
}
