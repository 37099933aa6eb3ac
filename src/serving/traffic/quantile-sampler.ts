import type { RandomStream } from '../../kernel/random.ts';

/** A law of draws, as data. */
export type DrawTable =
  /** `value[i]` at cumulative share `share[i]`, linear in between; shares rise from 0 to 1 over at least 2 and at most 65,000 entries. */
  | { readonly kind: 'linear'; readonly share: ArrayLike<number>; readonly value: ArrayLike<number> }
  /** Each value with its weight, of which none is negative and some are not 0; at most 65,000 of them. */
  | { readonly kind: 'discrete'; readonly value: ArrayLike<number>; readonly weight: ArrayLike<number> };

/** The least value that a table gives. */
export function leastOf(table: DrawTable): number {
  if (table.kind === 'linear') return table.value[0];
  return Array.from(table.value).reduce((least, value, i) => (table.weight[i] > 0 && value < least ? value : least), Infinity);
}

/**
 * Draws from a table at a price that does not grow with it: a guide says for each of equal parts of (0, 1) where in the table to
 * look first.
 */
export class QuantileSampler {
  readonly #share: Float64Array;
  readonly #value: Float64Array;
  readonly #rise: Float64Array;
  readonly #guide: Uint16Array;

  private constructor(share: Float64Array, value: Float64Array, rise: Float64Array) {
    this.#share = share;
    this.#value = value;
    this.#rise = rise;
    const cells = 2 * value.length;
    this.#guide = new Uint16Array(cells);
    let knot = 0;
    for (let cell = 0; cell < cells; cell++) {
      while (knot < value.length - 1 && share[knot + 1] <= cell / cells) knot++;
      this.#guide[cell] = knot;
    }
  }

  /** `value[i]` at cumulative share `share[i]`, linear in between; shares rise from 0 to 1 over at least 2 and at most 65,000 entries. */
  static linear({ share, value }: { readonly share: ArrayLike<number>; readonly value: ArrayLike<number> }): QuantileSampler {
    const knots = Float64Array.from(share);
    const rise = new Float64Array(knots.length - 1);
    for (let i = 0; i < rise.length; i++) rise[i] = (value[i + 1] - value[i]) / (knots[i + 1] - knots[i]);
    return new QuantileSampler(knots, Float64Array.from(value).subarray(0, -1), rise);
  }

  /** Each value with its weight, of which none is negative and some are not 0; at most 65,000 of them. */
  static discrete(value: ArrayLike<number>, weight: ArrayLike<number>): QuantileSampler {
    const share = new Float64Array(weight.length + 1);
    for (let i = 0; i < weight.length; i++) share[i + 1] = share[i] + weight[i];
    const total = share[weight.length];
    for (let i = 0; i < share.length; i++) share[i] /= total;
    return new QuantileSampler(share, Float64Array.from(value), flat);
  }

  static of(table: DrawTable): QuantileSampler {
    return table.kind === 'linear' ? QuantileSampler.linear(table) : QuantileSampler.discrete(table.value, table.weight);
  }

  /** The value at cumulative share `u` in [0, 1). */
  at(u: number): number {
    const share = this.#share;
    let knot = this.#guide[Math.floor(u * this.#guide.length)];
    while (share[knot + 1] <= u) knot++;
    return this.#rise === flat ? this.#value[knot] : this.#value[knot] + this.#rise[knot] * (u - share[knot]);
  }

  draw(random: RandomStream): number {
    return this.at(random.uniform());
  }
}

const flat = new Float64Array(0);
