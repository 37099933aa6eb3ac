/** Bins split every octave into 128 parts: the exponent and the top seven mantissa bits of a double name its bin. */
const SHIFT = 13;
const LOW_MASK = (1 << SHIFT) - 1;
const OCTAVE = 1 << 7;
const LOWEST_BIN = OCTAVE;

/** Half of the widest bin, relative to its lower edge. */
export const QUANTILE_ERROR: number = 1 / 256;

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
  /** Bin of index 0 of the arrays. */
  #first = 0;
  #weights = new Float64Array(0);
  /** What the values of a bin exceed its lower edge by, in units of 2^24 ulp and of 1 ulp: sums of integers, hence exact. */
  #coarse = new Float64Array(0);
  #fine = new Float64Array(0);

  /** A sketch that holds what `data` was made of, to the last bit. */
  static of({ count, zeros, min = Infinity, max = -Infinity, first, weights, coarse, fine }: SketchData): Sketch {
    const sketch = new Sketch();
    sketch.#count = count;
    sketch.#zeros = zeros;
    sketch.#min = min;
    sketch.#max = max;
    sketch.#first = first;
    sketch.#weights = Float64Array.from(weights);
    sketch.#coarse = Float64Array.from(coarse);
    sketch.#fine = Float64Array.from(fine);
    return sketch;
  }

  /** What it holds, without the empty bins at both ends. */
  data(): SketchData {
    const bins = this.#weights;
    let from = 0;
    let to = bins.length;
    while (from < to && bins[from] === 0) from++;
    while (to > from && bins[to - 1] === 0) to--;
    const part = (list: Float64Array): readonly number[] => Array.from(list.subarray(from, to));
    const ends = this.#count === 0 ? {} : { min: this.#min, max: this.#max };
    const lists = { weights: part(bins), coarse: part(this.#coarse), fine: part(this.#fine) };
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
    if (!(value >= 0 && value < Infinity)) throw new RangeError(`a sketch holds finite numbers of at least 0, not ${value}`);
    if (!(weight > 0 && weight < Infinity)) throw new RangeError(`a weight is a finite number above 0, not ${weight}`);
    this.#count += weight;
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
    double[0] = value;
    const high = words[HIGH];
    const low = words[1 - HIGH];
    const bin = high >>> SHIFT;
    if (bin < LOWEST_BIN) {
      this.#zeros += weight;
      return;
    }
    if (bin < this.#first || bin >= this.#first + this.#weights.length) this.#cover(bin, bin + 1);
    const at = bin - this.#first;
    this.#weights[at] += weight;
    this.#coarse[at] += weight * ((high & LOW_MASK) * 256 + (low >>> 24));
    this.#fine[at] += weight * (low & 0xffffff);
  }

  /** Adds all that `other` holds. */
  merge(other: Sketch): void {
    if (other.#count === 0) return;
    this.#count += other.#count;
    this.#zeros += other.#zeros;
    if (other.#min < this.#min) this.#min = other.#min;
    if (other.#max > this.#max) this.#max = other.#max;
    const length = other.#weights.length;
    if (length === 0) return;
    this.#cover(other.#first, other.#first + length);
    const offset = other.#first - this.#first;
    for (let i = 0; i < length; i++) {
      this.#weights[offset + i] += other.#weights[i];
      this.#coarse[offset + i] += other.#coarse[i];
      this.#fine[offset + i] += other.#fine[i];
    }
  }

  sum(): number {
    let sum = 0;
    for (let i = 0; i < this.#weights.length; i++) {
      if (this.#weights[i] === 0) continue;
      const edge = edgeOf(this.#first + i);
      const ulp = edgeOf(this.#first + i + 1) - edge;
      // A bin is 2^45 ulp wide.
      sum += this.#weights[i] * edge + ((this.#coarse[i] * 16777216 + this.#fine[i]) * ulp) / 35184372088832;
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
    let below = this.#zeros;
    if (below >= target) return this.#min;
    for (let i = 0; i < this.#weights.length; i++) {
      below += this.#weights[i];
      if (this.#weights[i] > 0 && below >= target) {
        const middle = (edgeOf(this.#first + i) + edgeOf(this.#first + i + 1)) / 2;
        return Math.min(this.#max, Math.max(this.#min, middle));
      }
    }
    return this.#max;
  }

  /** Makes the arrays reach over bins `from` to `to`, in whole octaves: sketches of like values reach over the same ones, and merging them moves nothing. */
  #cover(from: number, to: number): void {
    const empty = this.#weights.length === 0;
    const first = empty ? from : Math.min(from, this.#first);
    const end = empty ? to : Math.max(to, this.#first + this.#weights.length);
    if (!empty && first === this.#first && end === first + this.#weights.length) return;
    const newFirst = first & -OCTAVE;
    const length = ((end + OCTAVE - 1) & -OCTAVE) - newFirst;
    const offset = empty ? 0 : this.#first - newFirst;
    this.#weights = moved(this.#weights, offset, length);
    this.#coarse = moved(this.#coarse, offset, length);
    this.#fine = moved(this.#fine, offset, length);
    this.#first = newFirst;
  }
}

function moved(items: Float64Array, offset: number, length: number): Float64Array<ArrayBuffer> {
  const wider = new Float64Array(length);
  wider.set(items, offset);
  return wider;
}

/** Lower edge of a bin. */
function edgeOf(bin: number): number {
  words[HIGH] = (bin << SHIFT) >>> 0;
  words[1 - HIGH] = 0;
  return double[0];
}
