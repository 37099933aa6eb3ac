/** What is seen of the ranks of an instance that prompts may decode on, side by side by rank. */
export interface PlacesView {
  readonly columns: {
    /** Sequences that decode, are about to join or were promised a place; fewer than `most`. */
    readonly places: Int32Array;
    readonly most: Int32Array;
    /** KV blocks in use. */
    readonly used: Int32Array;
  };
}

/** A rank of one of several instances. */
export interface Place<Of extends PlacesView> {
  readonly instance: Of;
  readonly rank: number;
}

/**
 * Picks the rank on which a prompt decodes, among those that can promise it a place: fewest sequences, then most free blocks, then
 * the first (RTE-2). Undefined when none has room.
 */
export function leastOccupied<Of extends PlacesView>(instances: readonly Of[], canReserve: (instance: Of, rank: number) => boolean): Place<Of> | undefined {
  let best: Of | undefined;
  let bestRank = 0;
  let leastSequences = Infinity;
  let leastUsed = Infinity;
  for (const instance of instances) {
    const { places, most, used } = instance.columns;
    for (let rank = 0; rank < places.length; rank++) {
      const sequences = places[rank];
      if (sequences > leastSequences || sequences >= most[rank] || (sequences === leastSequences && used[rank] >= leastUsed)) continue;
      if (!canReserve(instance, rank)) continue;
      best = instance;
      bestRank = rank;
      leastSequences = sequences;
      leastUsed = used[rank];
    }
  }
  return best === undefined ? undefined : { instance: best, rank: bestRank };
}
