/** What is seen of a rank that a prompt may decode on. */
export interface PlaceView {
  /** Decoding, about to join, promised. */
  readonly sequences: number;
  /** KV blocks that can still be handed out. */
  readonly room: number;
}

/**
 * Picks the rank on which a prompt decodes, among those that can promise it a place: fewest sequences, then most free blocks, then
 * the first (RTE-2). Undefined when none has room.
 */
export function leastOccupied<Place extends PlaceView>(ranks: readonly Place[], canReserve: (rank: Place) => boolean): Place | undefined {
  let best: Place | undefined;
  let leastSequences = Infinity;
  let mostRoom = -Infinity;
  for (const rank of ranks) {
    const sequences = rank.sequences;
    if (sequences > leastSequences || (sequences === leastSequences && rank.room <= mostRoom)) continue;
    if (!canReserve(rank)) continue;
    best = rank;
    leastSequences = sequences;
    mostRoom = rank.room;
  }
  return best;
}
