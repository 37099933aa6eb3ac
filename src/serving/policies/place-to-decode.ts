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

/** Ranks that are so few that no list is kept of them. */
const few = 8;

/**
 * Finds the same, one prompt after the other. Ranks with the fewest sequences are kept by the blocks in use there: those that have got more to do since are found out
 * when their turn comes, and those that have got less are looked at anew.
 */
export class Places<Of extends PlacesView> {
  #instances: readonly Of[] = [];
  #fewest = -1;
  /** Of each instance, how often blocks had been given back when that was last looked at. */
  #seen: number[] = [];
  /** As numbers: blocks in use, then the instance by its place among those, then the rank. */
  readonly #kept = new LeastFirst();
  /** When so many are kept, most of them hold no longer. */
  #enough = 0;

  /** As `leastOccupied`. */
  find(instances: readonly Of[], maxSequences: number, blocks: number, watermark: number, only: number = -1): Place<Of> | undefined {
    let fewest = Infinity;
    for (const { columns } of instances) fewest = Math.min(fewest, columns.places.least);
    if (fewest >= maxSequences) return undefined;
    let ranks = 0;
    for (const { columns } of instances) ranks += columns.places.size(fewest);
    const first = only < 0 && ranks > few ? this.#first(instances, fewest) : undefined;
    // Where the best one has no room, those with more sequences may, or one that is vacant.
    if (first !== undefined && first.instance.columns.kvBlocks - first.used >= blocks + watermark) return first;
    return leastOccupied(instances, maxSequences, blocks, watermark, only);
  }

  /** The best of the ranks with the fewest sequences, whatever room it has; undefined where all of them are closed. */
  #first(instances: readonly Of[], fewest: number): KeptPlace<Of> | undefined {
    if (instances !== this.#instances || fewest !== this.#fewest) this.#list(instances, fewest);
    else this.#catchUp();
    const kept = this.#kept;
    const ranks = instances[0].columns.used.length;
    while (kept.size > 0) {
      const number = kept.least;
      const own = Math.floor(number / ranks);
      const rank = number - own * ranks;
      const used = Math.floor(own / instances.length);
      const i = own - used * instances.length;
      const { columns } = instances[i];
      if (columns.places.of[rank] !== fewest || fewest >= columns.most[rank]) kept.shift();
      else if (columns.used[rank] === used) return { instance: instances[i], rank, used };
      else kept.replace(this.#number(i, rank));
    }
    return undefined;
  }

  /** Looks at the ranks that have got less to do since it last did. */
  #catchUp(): void {
    const instances = this.#instances;
    for (let i = 0; i < instances.length; i++) {
      const { freed, latest } = instances[i].columns.inUse;
      const since = freed - this.#seen[i];
      if (since > latest.length || since + this.#kept.size > this.#enough) {
        this.#list(instances, this.#fewest);
        return;
      }
      for (let n = this.#seen[i]; n < freed; n++) this.#keep(i, latest[n & (latest.length - 1)]);
      this.#seen[i] = freed;
    }
  }

  /** Looks at all ranks. */
  #list(instances: readonly Of[], fewest: number): void {
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
      for (let r = 0; r < count; r++) kept.add((used[ranks[r]] * instances.length + i) * used.length + ranks[r]);
    }
    kept.order();
    this.#enough = 64 + 2 * kept.size;
  }

  /** Keeps a rank if it is one of those with the fewest sequences. */
  #keep(instance: number, rank: number): void {
    if (this.#instances[instance].columns.places.of[rank] === this.#fewest) this.#kept.push(this.#number(instance, rank));
  }

  #number(instance: number, rank: number): number {
    const { used } = this.#instances[instance].columns;
    return (used[rank] * this.#instances.length + instance) * used.length + rank;
  }
}
