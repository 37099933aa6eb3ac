/**
 * A histogram that counts many equal values at once. Upper bounds are inclusive, in rising order; what lies above the last one is in the count
 * only, as `le="+Inf"` says it.
 */
export class Tally {
  readonly bounds: readonly number[];
  /** Values in each bucket alone. */
  readonly counts: Float64Array;
  count = 0;
  sum = 0;
  /** Where the last value went: many that follow are equal. */
  #last = NaN;
  #at = 0;

  constructor(bounds: readonly number[]) {
    this.bounds = bounds;
    this.counts = new Float64Array(bounds.length + 1);
  }

  add(value: number, weight: number = 1): void {
    if (value !== this.#last) {
      this.#last = value;
      this.#at = this.#bucket(value);
    }
    this.counts[this.#at] = (this.counts[this.#at] as number) + weight;
    this.count += weight;
    this.sum += value * weight;
  }

  #bucket(value: number): number {
    let low = 0;
    let high = this.bounds.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.bounds[middle] as number) >= value) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
