import type { Pool } from './pools.ts';
import type { Rank } from './rank.ts';

/** What a router sees of a rank: never the length of an answer. */
export interface RankLoad {
  /** Prompt tokens that wait or are under way. */
  readonly queuedTokens: number;
  /** Sequences with a place, and prompts that wait for one. */
  readonly load: number;
}

/** Picks the rank for a prompt: an index into `ranks`, of which there is at least one. */
export type Router = (ranks: readonly RankLoad[]) => number;

/** Fewest prompt tokens ahead, then fewest sequences, then the first. */
export const leastLoaded: Router = (ranks) => {
  let best = 0;
  for (let i = 1; i < ranks.length; i++) {
    const rank = ranks[i];
    const least = ranks[best];
    if (rank.queuedTokens < least.queuedTokens || (rank.queuedTokens === least.queuedTokens && rank.load < least.load)) best = i;
  }
  return best;
};

/**
 * Picks the rank on which a prompt decodes, among those that can promise it a place: fewest sequences, then most free blocks, then
 * the first. Undefined when none has room.
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
