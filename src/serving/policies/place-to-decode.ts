/** What is seen of the ranks of an instance that prompts may decode on. */
export interface PlacesView {
  readonly columns: {
    /** Sequences that decode, are about to join or were promised a place, by rank. */
    readonly places: {
      readonly least: number;
      readonly most: number;
      /** How many ranks have a count, and which: the first so many of the list, where the count is at most `most`. */
      size(count: number): number;
      list(count: number): ArrayLike<number>;
    };
    /** A rank takes another one where it has fewer than so many. */
    readonly most: ArrayLike<number>;
    /** KV blocks in use, of so many. */
    readonly used: ArrayLike<number>;
    readonly kvBlocks: number;
  };
  /** Whether nothing has a place on a rank, in any of the instance's batches in flight. */
  vacant(rank: number): boolean;
}

/** A rank of one of several instances. */
export interface Place<Of extends PlacesView> {
  readonly instance: Of;
  readonly rank: number;
}

/**
 * Picks the rank on which a prompt decodes, among those that can promise it a place: fewest sequences, then most free blocks, then
 * the first (RTE-2). Undefined when none has room.
 * @param maxSequences no rank takes another one beside so many
 * @param blocks that the prompt needs, and that are kept free beside it where a rank is not vacant
 * @param only the rank that may be picked; -1: any
 */
export function leastOccupied<Of extends PlacesView>(
  instances: readonly Of[],
  maxSequences: number,
  blocks: number,
  watermark: number,
  only: number = -1,
): Place<Of> | undefined {
  let least = Infinity;
  for (const { columns } of instances) least = Math.min(least, columns.places.least);
  for (let count = least, more = true; more && count < maxSequences; count++) {
    more = false;
    let best: Of | undefined;
    let bestRank = 0;
    let leastUsed = Infinity;
    for (const instance of instances) {
      const { places, most, used, kvBlocks } = instance.columns;
      more ||= count < places.most;
      const size = places.size(count);
      if (size === 0) continue;
      const ranks = places.list(count);
      for (let i = 0; i < size; i++) {
        const rank = ranks[i];
        const own = used[rank];
        if (own > leastUsed || count >= most[rank] || (own === leastUsed && (instance !== best || rank > bestRank))) continue;
        if (only >= 0 && rank !== only) continue;
        if (kvBlocks - own < blocks + watermark && (kvBlocks - own < blocks || !instance.vacant(rank))) continue;
        best = instance;
        bestRank = rank;
        leastUsed = own;
      }
    }
    if (best !== undefined) return { instance: best, rank: bestRank };
  }
  return undefined;
}
