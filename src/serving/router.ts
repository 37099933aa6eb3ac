import type { Instance } from './instance.ts';

/** What a router sees of a rank: never the length of an answer. */
export interface RankLoad {
  /** Prompt tokens that wait or are under way. */
  readonly queuedTokens: number;
  /** Sequences with a place, and prompts that wait for one. */
  readonly sequences: number;
}

/** Picks the rank for a prompt: an index into `loads`. */
export type Router = (loads: readonly RankLoad[]) => number;

/** Fewest prompt tokens ahead, then fewest sequences, then the first. */
export const leastLoaded: Router = (loads) => {
  let best = 0;
  for (let i = 1; i < loads.length; i++) {
    const load = loads[i];
    const least = loads[best];
    if (load.queuedTokens < least.queuedTokens || (load.queuedTokens === least.queuedTokens && load.sequences < least.sequences)) best = i;
  }
  return best;
};

/**
 * Picks the rank on which a prompt decodes, among those that can promise it a place: fewest sequences, then most free blocks, then
 * the first. Returns the rank's index over all instances, or -1 when none has room.
 */
export function leastOccupied(instances: readonly Instance[], prompt: number): number {
  let best = -1;
  let leastSequences = Infinity;
  let mostRoom = -Infinity;
  let index = 0;
  for (const instance of instances) {
    for (const rank of instance.ranks) {
      const sequences = rank.sequences;
      if ((sequences < leastSequences || (sequences === leastSequences && rank.room > mostRoom)) && instance.canReserve(rank, prompt)) {
        best = index;
        leastSequences = sequences;
        mostRoom = rank.room;
      }
      index++;
    }
  }
  return best;
}
