/** What is seen of the ranks of an instance that prompts may decode on. */
export interface PlacesView {
  readonly columns: {
    /** Sequences that decode, are about to join or were promised a place, by rank. */
    readonly places: {
      readonly of: ArrayLike<number>;
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
    /** How often blocks were given back, as by each sequence that leaves, or ranks take sequences again that took none. */
    readonly inUse: { readonly freed: number };
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

interface KeptPlace<Of extends PlacesView> extends Place<Of> {
  /** KV blocks in use there. */
  readonly used: number;
}

/** Most places that are kept. */
const most = 16;

/**
 * Finds the same, one prompt after the other. Prompts come many at an instant: some of the best places on ranks with the fewest sequences are kept for as long as ranks
 * have only got more to do since, twice as many as were of use before.
 */
export class Places<Of extends PlacesView> {
  #instances: readonly Of[] = [];
  #fewest = -1;
  #freed = -1;
  /** Best first, as numbers in that order: blocks in use, then the instance by its place among those, then the rank. */
  readonly #kept = new Float64Array(most);
  #size = 0;
  #next = 0;

  /** As `leastOccupied`. */
  find(instances: readonly Of[], maxSequences: number, blocks: number, watermark: number, only: number = -1): Place<Of> | undefined {
    let fewest = Infinity;
    for (const { columns } of instances) fewest = Math.min(fewest, columns.places.least);
    if (fewest >= maxSequences) return undefined;
    const first = only < 0 ? this.#first(instances, fewest) : undefined;
    // Where the best one has no room, those with more sequences may, or one that is vacant.
    if (first !== undefined && first.instance.columns.kvBlocks - first.used >= blocks + watermark) return first;
    return leastOccupied(instances, maxSequences, blocks, watermark, only);
  }

  /** The best of the ranks with the fewest sequences, whatever room it has; undefined where all of them are closed. */
  #first(instances: readonly Of[], fewest: number): KeptPlace<Of> | undefined {
    let freed = 0;
    for (const { columns } of instances) freed += columns.inUse.freed;
    if (instances === this.#instances && fewest === this.#fewest && freed === this.#freed) {
      for (; this.#next < this.#size; this.#next++) {
        const first = this.#place(this.#kept[this.#next]);
        const { places, used } = first.instance.columns;
        if (places.of[first.rank] !== fewest) continue;
        if (used[first.rank] === first.used) return first;
        break;
      }
    }
    this.#instances = instances;
    this.#fewest = fewest;
    this.#freed = freed;
    this.#list(Math.max(1, Math.min(most, 2 * this.#next)));
    return this.#size === 0 ? undefined : this.#place(this.#kept[0]);
  }

  #place(number: number): KeptPlace<Of> {
    const instances = this.#instances.length;
    const ranks = this.#instances[0].columns.used.length;
    const at = Math.floor(number / ranks);
    return { instance: this.#instances[at % instances], rank: number % ranks, used: Math.floor(at / instances) };
  }

  /** Lists the best places, at most `length`. */
  #list(length: number): void {
    const kept = this.#kept;
    const instances = this.#instances;
    let size = 0;
    let last = Infinity;
    for (let i = 0; i < instances.length; i++) {
      const { places, most: open, used } = instances[i].columns;
      const count = places.size(this.#fewest);
      if (count === 0) continue;
      const ranks = places.list(this.#fewest);
      const step = used.length * instances.length;
      const first = used.length * i;
      for (let r = 0; r < count; r++) {
        const rank = ranks[r];
        const number = used[rank] * step + first + rank;
        if (number > last || this.#fewest >= open[rank]) continue;
        if (size < length) size++;
        let at = size - 1;
        for (; at > 0 && kept[at - 1] > number; at--) kept[at] = kept[at - 1];
        kept[at] = number;
        if (size === length) last = kept[size - 1];
      }
    }
    this.#size = size;
    this.#next = 0;
  }
}
