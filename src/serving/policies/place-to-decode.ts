import { LeastFirst } from '../../kernel/least-first.ts';

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
    /** How often blocks were given back, as by each sequence that leaves; where the last few times, by their numbers modulo how many. */
    readonly inUse: { readonly freed: number; readonly latest: ArrayLike<number> };
  };
  /** Whether nothing has a place on a rank, in any of the instance's batches in flight. */
  vacant(rank: number): boolean;
}

/**
 * Picks the rank on which a prompt decodes, among those that can promise it a place: fewest sequences, then most free blocks, then
 * the first (RTE-2).
 * @param instances of as many ranks each
 * @param maxSequences no rank takes another one beside so many
 * @param blocks that the prompt needs, and that are kept free beside it where a rank is not vacant
 * @param only the rank that may be picked; -1: any
 * @returns its number over the ranks of all these instances; -1 when none has room
 */
export function leastOccupied(instances: readonly PlacesView[], maxSequences: number, blocks: number, watermark: number, only: number = -1): number {
  let least = Infinity;
  for (const { columns } of instances) least = Math.min(least, columns.places.least);
  for (let count = least, more = true; more && count < maxSequences; count++) {
    more = false;
    let best = -1;
    let leastUsed = Infinity;
    for (let i = 0; i < instances.length; i++) {
      const { places, most, used, kvBlocks } = instances[i].columns;
      more ||= count < places.most;
      const size = places.size(count);
      if (size === 0) continue;
      const ranks = places.list(count);
      for (let r = 0; r < size; r++) {
        const rank = ranks[r];
        const own = used[rank];
        const at = i * used.length + rank;
        if (own > leastUsed || count >= most[rank] || (own === leastUsed && at > best)) continue;
        if (only >= 0 && rank !== only) continue;
        if (kvBlocks - own < blocks + watermark && (kvBlocks - own < blocks || !instances[i].vacant(rank))) continue;
        best = at;
        leastUsed = own;
      }
    }
    if (best >= 0) return best;
  }
  return -1;
}

/** Ranks that are so few that no list is kept of them. */
const few = 8;

/**
 * Finds the same, one prompt after the other. Ranks with the fewest sequences are kept by the blocks in use there: those that have got more to do since are found out
 * when their turn comes, and those that have got less are looked at anew.
 */
export class Places {
  #instances: readonly PlacesView[] = [];
  #fewest = -1;
  /** Of each instance, how often blocks had been given back when that was last looked at. */
  #seen: number[] = [];
  /** As numbers: blocks in use, then the rank over all of those instances. */
  readonly #kept = new LeastFirst();
  /** When so many are kept, most of them hold no longer. */
  #enough = 0;

  /** As `leastOccupied`. */
  find(instances: readonly PlacesView[], maxSequences: number, blocks: number, watermark: number, only: number = -1): number {
    let fewest = Infinity;
    for (const { columns } of instances) fewest = Math.min(fewest, columns.places.least);
    if (fewest >= maxSequences) return -1;
    let ranks = 0;
    for (const { columns } of instances) ranks += columns.places.size(fewest);
    if (only < 0 && ranks > few) {
      const first = this.#first(instances, fewest, blocks + watermark);
      if (first >= 0) return first;
    }
    // Where the best one has no room, those with more sequences may, or one that is vacant.
    return leastOccupied(instances, maxSequences, blocks, watermark, only);
  }

  /** The best of the ranks with the fewest sequences; -1 where it has not so much room, or all of them are closed. */
  #first(instances: readonly PlacesView[], fewest: number, room: number): number {
    if (instances !== this.#instances || fewest !== this.#fewest) this.#list(instances, fewest);
    else this.#catchUp();
    const kept = this.#kept;
    const ranks = instances[0].columns.used.length;
    const all = ranks * instances.length;
    while (kept.size > 0) {
      const number = kept.least;
      const blocks = Math.floor(number / all);
      const at = number - blocks * all;
      const i = Math.floor(at / ranks);
      const rank = at - i * ranks;
      const { places, most, used, kvBlocks } = instances[i].columns;
      if (places.of[rank] !== fewest || fewest >= most[rank]) kept.shift();
      else if (used[rank] === blocks) return kvBlocks - blocks < room ? -1 : at;
      else kept.replace(this.#number(used, i, rank));
    }
    return -1;
  }

  /** Looks at the ranks that have got less to do since it last did. */
  #catchUp(): void {
    const instances = this.#instances;
    const kept = this.#kept;
    for (let i = 0; i < instances.length; i++) {
      const { inUse, places, used } = instances[i].columns;
      const { freed, latest } = inUse;
      const since = freed - this.#seen[i];
      if (since > latest.length || since + kept.size > this.#enough) {
        this.#list(instances, this.#fewest);
        return;
      }
      for (let n = this.#seen[i]; n < freed; n++) {
        const rank = latest[n & (latest.length - 1)];
        if (places.of[rank] === this.#fewest) kept.push(this.#number(used, i, rank));
      }
      this.#seen[i] = freed;
    }
  }

  /** Looks at all ranks. */
  #list(instances: readonly PlacesView[], fewest: number): void {
    this.#instances = instances;
    this.#fewest = fewest;
    this.#seen = instances.map(({ columns }) => columns.inUse.freed);
    const kept = this.#kept;
    kept.clear();
    for (let i = 0; i < instances.length; i++) {
      const { places, used } = instances[i].columns;
      const count = places.size(fewest);
      if (count === 0) continue;
      const ranks = places.list(fewest);
      for (let r = 0; r < count; r++) kept.add(this.#number(used, i, ranks[r]));
    }
    kept.order();
    this.#enough = 64 + 2 * kept.size;
  }

  /** A rank of an instance as it is kept. */
  #number(used: PlacesView['columns']['used'], instance: number, rank: number): number {
    return (used[rank] * this.#instances.length + instance) * used.length + rank;
  }
}
