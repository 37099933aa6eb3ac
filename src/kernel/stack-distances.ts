import { CountedBits } from './counted-bits.ts';
import { IntMap } from './int-map.ts';
import { mix } from './random.ts';

/** Distances are counted in bins of a sixteenth of their octave, exactly below 32. */
const STEPS = 16;
/** Powers of two, by doubling. */
const powers = new Float64Array(64);
for (let n = 0, power = 1; n < powers.length; n++, power *= 2) powers[n] = power;

/**
 * How many different ids were used since the last use of the same id (Mattson's stack distance), counted for a sample of ids that does not grow: ids whose hash is
 * below a limit, and the limit falls when more than `most` are known (SHARDS, FAST '15). Exact until then. An LRU cache of n ids finds a
 * reference if fewer than n others came between.
 */
export class StackDistances {
  readonly #most: number;
  /** Place in time of each sampled id. */
  readonly #placeOf: IntMap = new IntMap();
  /** How often the sample was halved, and the bits of a hash that are 0 in it: as many, the first ones. */
  #halvings = 0;
  #bits = 0;
  /** Places in time at which an id was last used, and which id was used at each place. */
  readonly #lastUses: CountedBits;
  readonly #idAt: Int32Array;
  #clock = 0;
  /** References of all ids so far, and as many as those of the sample stand for. */
  #references = 0;
  #standFor = 0;
  /** References by distance, in references of all ids. */
  readonly #counts: Float64Array = new Float64Array(STEPS * 40);

  constructor(most: number) {
    this.#most = most;
    this.#lastUses = new CountedBits(4 * most + 1);
    this.#idAt = new Int32Array(4 * most + 1);
  }

  /** Share of the ids that are looked at. */
  get sampled(): number {
    return 1 / powers[this.#halvings];
  }

  /** Counts a reference to each of so many ids that follow each other, at distances as things are before any of them. */
  measure(from: number, count: number): void {
    const scale = powers[this.#halvings];
    let sampled = 0;
    for (let id = from; id < from + count; id++) {
      if (!this.#samples(id)) continue;
      sampled++;
      const place = this.#placeOf.get(id);
      if (place < 0) continue;
      this.#counts[binOf((this.#placeOf.size - this.#lastUses.upTo(place)) * scale)] += scale;
    }
    this.#references += count;
    this.#standFor += sampled * scale;
  }

  /** Makes so many ids that follow each other the most recently used, the last of them least so. */
  touch(from: number, count: number): void {
    for (let id = from + count - 1; id >= from; id--) {
      if (!this.#samples(id)) continue;
      this.#makeRoom();
      const place = this.#placeOf.get(id);
      if (place >= 0) this.#lastUses.delete(place);
      this.#place(id);
      if (this.#placeOf.size > this.#most) this.#thin();
    }
  }

  #samples(id: number): boolean {
    return (mix(id ^ 0x51ed270b) & this.#bits) === 0;
  }

  /**
   * References, of all ids, that a cache of so many ids would have found. Bins count from their lower end. What the sample stands for is taken as a share of
   * what there were, since ids of the sample may be more or less popular than others.
   */
  found(capacity: number): number {
    let sum = 0;
    for (let bin = 0; bin < this.#counts.length && lowerEnd(bin) < capacity; bin++) sum += this.#counts[bin];
    return this.#standFor === 0 ? 0 : (sum * this.#references) / this.#standFor;
  }

  /** The smallest capacity that would have found all that any would have. */
  get farthest(): number {
    const bin = this.#counts.findLastIndex((count) => count > 0);
    return bin < 0 ? 0 : lowerEnd(bin + 1);
  }

  #place(id: number): void {
    this.#clock++;
    this.#placeOf.set(id, this.#clock);
    this.#idAt[this.#clock] = id;
    this.#lastUses.add(this.#clock);
  }

  /** Halves the sample. */
  #thin(): void {
    this.#halvings++;
    this.#bits = (this.#bits >> 1) | (1 << 31);
    // Listed first: what is deleted moves others.
    const ids = Array.from(this.#placeOf.keys());
    for (const id of ids) {
      if (this.#samples(id)) continue;
      this.#lastUses.delete(this.#placeOf.get(id));
      this.#placeOf.delete(id);
    }
  }

  /** Closes the gaps in time where there are no more places. */
  #makeRoom(): void {
    if (this.#clock + 1 < this.#idAt.length) return;
    const ids: number[] = [];
    for (let place = 1; place <= this.#clock; place++) if (this.#lastUses.has(place)) ids.push(this.#idAt[place]);
    this.#lastUses.clear();
    this.#clock = 0;
    for (const id of ids) this.#place(id);
  }
}

/** Bin of a distance: itself below 32, then sixteenths of octaves. */
function binOf(distance: number): number {
  const whole = Math.floor(distance);
  if (whole < 2 * STEPS) return whole;
  const octave = 31 - Math.clz32(Math.min(whole, 0x7fffffff));
  return octave * STEPS - 4 * STEPS + Math.floor(whole / powers[octave - 4]);
}

function lowerEnd(bin: number): number {
  if (bin < 2 * STEPS) return bin;
  const octave = Math.floor((bin - 2 * STEPS) / STEPS) + 5;
  return (STEPS + ((bin - 2 * STEPS) % STEPS)) * powers[octave - 4];
}
