/** Bins split every octave into 128 parts: the exponent and the top seven mantissa bits of a double name its bin. */
const SHIFT = 13;
const LOW_MASK = (1 << SHIFT) - 1;
const FINE_MASK = 0xffffff;
const OCTAVE = 1 << 7;
const LOWEST_BIN = OCTAVE;
/** Numbers that are kept of a bin. */
const apart = 3;
/** Values that are in no bin yet are kept in lists of so many: what a list of doubles has grown to when it is made anew for the third time. */
const longest = 77;
/** A list of so many is held by both sketches when one is merged into the other; one that is shorter is copied. */
const worthSharing = 12;
/** Values that come many at once fall into few bins: they go there when there are so many. */
const fewAtOnce = 256;
/** As if values were spread over no more octaves than these: what is kept of them is bounded. */
const mostOctaves = 8;

/** Half of the widest bin, relative to its lower edge. */
export const QUANTILE_ERROR: number = 1 / 256;

const none = new Float64Array(0);

const double = new Float64Array(1);
const words = new Uint32Array(double.buffer);
const HIGH: number = new Uint8Array(Uint32Array.of(1).buffer)[0] === 1 ? 1 : 0;

/** Everything that a sketch holds, as data; of an empty one `min` and `max` are absent. */
export interface SketchData {
  readonly count: number;
  readonly zeros: number;
  readonly min?: number | undefined;
  readonly max?: number | undefined;
  /** Bin of index 0 of the lists. */
  readonly first: number;
  readonly weights: readonly number[];
  readonly coarse: readonly number[];
  readonly fine: readonly number[];
}

/**
 * Quantiles of non-negative numbers, each within `QUANTILE_ERROR` of the exact one, in memory that depends on their range only.
 * Merging two sketches equals adding all their values to one, in any order, to the last bit: the sum as well, for as long as a
 * bin holds less than 2^29 of whole weights. Zero, and what is below the least normal double, has a bin of its own.
 */
export class Sketch {
  #count = 0;
  #zeros = 0;
  #min = Infinity;
  #max = -Infinity;
  /** The first bin that there is a place for. */
  #first = 0;
  /** Of each bin side by side its weight and what its values exceed its lower edge by, in units of 2^24 ulp and of 1 ulp: sums of integers, hence exact. */
  #bins: Float64Array<ArrayBuffer> = none;

  /** Values of weight 1 that are in no bin yet: the list that is written now, and full ones, which other sketches may hold as well. */
  #late: number[] = [0.5];
  #lateCount = 0;
  #full: (readonly number[])[] | undefined;
  #fullCount = 0;
  /** The others, each behind its weight. */
  #heavy: number[] | undefined;

  /** A sketch that holds what `data` was made of, to the last bit. */
  static of({ count, zeros, min = Infinity, max = -Infinity, first, weights, coarse, fine }: SketchData): Sketch {
    const sketch = new Sketch();
    sketch.#count = count;
    sketch.#zeros = zeros;
    sketch.#min = min;
    sketch.#max = max;
    sketch.#first = first;
    sketch.#bins = Float64Array.from({ length: apart * weights.length }, (_, i) => [weights, coarse, fine][i % apart][Math.floor(i / apart)]);
    return sketch;
  }

  /** What it holds, without the empty bins at both ends. */
  data(): SketchData {
    const bins = this.#settled();
    let from = 0;
    let to = bins.length / apart;
    while (from < to && bins[apart * from] === 0) from++;
    while (to > from && bins[apart * (to - 1)] === 0) to--;
    const part = (field: number): readonly number[] => Array.from({ length: to - from }, (_, i) => bins[apart * (from + i) + field]);
    const ends = this.#count === 0 ? {} : { min: this.#min, max: this.#max };
    const lists = { weights: part(0), coarse: part(1), fine: part(2) };
    return { count: this.#count, zeros: this.#zeros, ...ends, first: this.#first + from, ...lists };
  }

  get count(): number {
    return this.#count;
  }

  /** NaN when empty, as `max`. */
  get min(): number {
    return this.#count === 0 ? Number.NaN : this.#min;
  }

  get max(): number {
    return this.#count === 0 ? Number.NaN : this.#max;
  }

  /**
   * Adds `value` `weight` times.
   * @throws RangeError for a value that is negative or not finite, or a weight that is not positive.
   */
  add(value: number, weight = 1): void {
    checked(value, weight);
    this.#count += weight;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
    this.#keep(value, weight);
  }

  /**
   * Adds the values from one place to before another, each `weight` times: as `add` one by one, but those that follow each other in one bin go there at once.
   * @throws RangeError as `add`
   */
  addAll(values: Float64Array, from: number, to: number, weight = 1): void {
    const kept = this.#fullCount + this.#lateCount + (this.#heavy?.length ?? 0) / 2;
    if (this.#bins.length === 0 && kept + to - from <= fewAtOnce) {
      for (let i = from; i < to; i++) this.add(values[i], weight);
      return;
    }
    let bin = -1;
    let count = 0;
    let coarse = 0;
    let fine = 0;
    for (let i = from; i < to; i++) {
      const value = values[i];
      checked(value, weight);
      if (value < this.#min) this.#min = value;
      if (value > this.#max) this.#max = value;
      double[0] = value;
      const high = words[HIGH];
      const low = words[1 - HIGH];
      if (high >>> SHIFT !== bin) {
        if (count > 0) this.#fill(bin, count * weight, coarse * weight, fine * weight);
        bin = high >>> SHIFT;
        count = 0;
        coarse = 0;
        fine = 0;
      }
      count++;
      coarse += coarseOf(high, low);
      fine += low & FINE_MASK;
    }
    this.#count += weight * Math.max(0, to - from);
    if (count > 0) this.#fill(bin, count * weight, coarse * weight, fine * weight);
  }

  #keep(value: number, weight: number): void {
    if (weight !== 1) {
      this.#keepHeavy(value, weight);
      return;
    }
    if (this.#lateCount === longest) {
      if (this.#bins.length === 0 && this.#few(longest)) this.#close();
      else this.#settle();
    }
    const at = this.#lateCount++;
    if (at === this.#late.length) this.#late.push(value);
    else this.#late[at] = value;
  }

  #keepHeavy(value: number, weight: number): void {
    if (this.#bins.length > 0) {
      this.#put(value, weight);
      return;
    }
    (this.#heavy ??= []).push(weight, value);
    if (!this.#few(0)) this.#settle();
  }

  /** Whether what is in full lists, and so many values more, takes less memory as it is than in bins. */
  #few(more: number): boolean {
    const octaves = Math.floor(binOf(this.#max) / OCTAVE) - Math.floor(binOf(this.#min) / OCTAVE) + 1;
    return this.#fullCount + more + (this.#heavy?.length ?? 0) <= apart * OCTAVE * Math.min(octaves, mostOctaves);
  }

  /** Begins another list. */
  #close(): void {
    if (this.#late.length > this.#lateCount) this.#late.length = this.#lateCount;
    (this.#full ??= []).push(this.#late);
    this.#fullCount += this.#lateCount;
    this.#late = [0.5];
    this.#lateCount = 0;
  }

  /** Puts what is in no bin yet into its own. */
  #settle(): void {
    if (this.#lateCount + this.#fullCount === 0 && this.#heavy === undefined) return;
    this.#reach();
    this.#putAll(this.#late, this.#lateCount);
    this.#lateCount = 0;
    for (const list of this.#full ?? []) this.#putAll(list, list.length);
    this.#full = undefined;
    this.#fullCount = 0;
    const heavy = this.#heavy ?? none;
    for (let i = 0; i < heavy.length; i += 2) this.#put(heavy[i + 1], heavy[i]);
    this.#heavy = undefined;
  }

  /** Values of weight 1, most of which the arrays reach over: without the call of `#put`, for which doubles would be made on the heap. */
  #putAll(list: readonly number[], count: number): void {
    for (let i = 0; i < count; i++) {
      double[0] = list[i];
      const high = words[HIGH];
      const low = words[1 - HIGH];
      const bins = this.#bins;
      const at = apart * ((high >>> SHIFT) - this.#first);
      if (at >= 0 && at < bins.length) {
        bins[at]++;
        bins[at + 1] += coarseOf(high, low);
        bins[at + 2] += low & FINE_MASK;
      } else this.#fill(high >>> SHIFT, 1, coarseOf(high, low), low & FINE_MASK);
    }
  }

  #settled(): Float64Array<ArrayBuffer> {
    this.#settle();
    return this.#bins;
  }

  #put(value: number, weight: number): void {
    double[0] = value;
    const high = words[HIGH];
    const low = words[1 - HIGH];
    this.#fill(high >>> SHIFT, weight, weight * coarseOf(high, low), weight * (low & FINE_MASK));
  }

  /** Adds to a bin: weight, and what exceeds its lower edge, coarse and fine. */
  #fill(bin: number, weight: number, coarse: number, fine: number): void {
    if (bin < LOWEST_BIN) {
      this.#zeros += weight;
      return;
    }
    let at = apart * (bin - this.#first);
    if (at < 0 || at >= this.#bins.length) {
      this.#cover(bin, bin + 1);
      at = apart * (bin - this.#first);
    }
    const bins = this.#bins;
    bins[at] += weight;
    bins[at + 1] += coarse;
    bins[at + 2] += fine;
  }

  /** Adds all that `other` holds. */
  merge(other: Sketch): void {
    if (other.#count === 0) return;
    this.#count += other.#count;
    this.#zeros += other.#zeros;
    if (other.#min < this.#min) this.#min = other.#min;
    if (other.#max > this.#max) this.#max = other.#max;
    const added = other.#bins;
    if (added.length > 0) this.#reach();
    if (other.#lateCount >= worthSharing) other.#close();
    for (let i = 0; i < other.#lateCount; i++) this.#keep(other.#late[i], 1);
    const heavy = other.#heavy ?? none;
    for (let i = 0; i < heavy.length; i += 2) this.#keep(heavy[i + 1], heavy[i]);
    if (other.#full !== undefined) {
      (this.#full ??= []).push(...other.#full);
      this.#fullCount += other.#fullCount;
      if (!this.#few(0)) this.#settle();
    }
    if (added.length === 0) return;
    this.#cover(other.#first, other.#first + added.length / apart);
    const bins = this.#bins;
    const offset = apart * (other.#first - this.#first);
    for (let i = 0; i < added.length; i++) bins[offset + i] += added[i];
  }

  sum(): number {
    let sum = 0;
    const bins = this.#settled();
    for (let at = 0, bin = this.#first; at < bins.length; at += apart, bin++) {
      if (bins[at] === 0) continue;
      const edge = edgeOf(bin);
      const ulp = edgeOf(bin + 1) - edge;
      // A bin is 2^45 ulp wide.
      sum += bins[at] * edge + ((bins[at + 1] * 16777216 + bins[at + 2]) * ulp) / 35184372088832;
    }
    return sum;
  }

  /** NaN when empty. */
  mean(): number {
    return this.#count === 0 ? Number.NaN : this.sum() / this.#count;
  }

  /** The least value with at least the share `q` of the weight at or below it (0 gives min, 1 max); NaN when empty. */
  quantile(q: number): number {
    if (!(q >= 0 && q <= 1)) throw new RangeError(`a quantile is asked for by a share in 0..1, not ${q}`);
    if (this.#count === 0) return Number.NaN;
    if (q === 0) return this.#min;
    if (q === 1) return this.#max;
    const target = q * this.#count;
    const bins = this.#settled();
    let below = this.#zeros;
    if (below >= target) return this.#min;
    for (let at = 0, bin = this.#first; at < bins.length; at += apart, bin++) {
      below += bins[at];
      if (bins[at] > 0 && below >= target) {
        const middle = (edgeOf(bin) + edgeOf(bin + 1)) / 2;
        return Math.min(this.#max, Math.max(this.#min, middle));
      }
    }
    return this.#max;
  }

  /** Makes the arrays reach over the bins of all values, at once. */
  #reach(): void {
    const most = binOf(this.#max);
    const least = binOf(this.#min);
    if (most >= LOWEST_BIN) this.#cover(least < LOWEST_BIN ? most : least, most + 1);
  }

  /** Makes the arrays reach over bins `from` to `to`, in whole octaves: sketches of like values reach over the same ones, and merging them moves nothing. */
  #cover(from: number, to: number): void {
    const bins = this.#bins;
    const empty = bins.length === 0;
    const until = this.#first + bins.length / apart;
    if (!empty && from >= this.#first && to <= until) return;
    const first = (empty ? from : Math.min(from, this.#first)) & -OCTAVE;
    const end = ((empty ? to : Math.max(to, until)) + OCTAVE - 1) & -OCTAVE;
    this.#bins = new Float64Array(apart * (end - first));
    if (!empty) this.#bins.set(bins, apart * (this.#first - first));
    this.#first = first;
  }
}

function checked(value: number, weight: number): void {
  if (!(value >= 0 && value < Infinity)) throw new RangeError(`a sketch holds finite numbers of at least 0, not ${value}`);
  if (!(weight > 0 && weight < Infinity)) throw new RangeError(`a weight is a finite number above 0, not ${weight}`);
}

/** What a double of these words exceeds the lower edge of its bin by, in whole units of 2^24 ulp. */
function coarseOf(high: number, low: number): number {
  return (high & LOW_MASK) * 256 + (low >>> 24);
}

function binOf(value: number): number {
  double[0] = value;
  return words[HIGH] >>> SHIFT;
}

/** Lower edge of a bin. */
function edgeOf(bin: number): number {
  words[HIGH] = (bin << SHIFT) >>> 0;
  words[1 - HIGH] = 0;
  return double[0];
}
