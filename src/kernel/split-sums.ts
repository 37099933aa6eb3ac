import { Choices } from './choices.ts';
import { counterPrefix, counterWord } from './random.ts';

/** A block is so many positions, as a power of two. */
const levels = 8;
const block: number = 1 << levels;

/** Positions that are drawn together, as a power of two. */
const runLevel = 4;
export const positionsOfRun: number = 1 << runLevel;

/**
 * Sums of independent small whole numbers of one distribution over positions 0, 1, 2 ... of many rows, drawn from the whole to its parts: first the sum of a block of
 * 256 positions, then how it splits between halves, and so on down to one position. Each of these draws belongs to (row, block, part), so that the
 * number at a position does not depend on who asks or when, and the position at which a sum is reached takes a draw for each block and eight more.
 */
export class SplitSums {
  readonly #seedHigh: number;
  readonly #seedLow: number;
  /** See `Splits`. */
  readonly #sums: readonly Float64Array[];
  readonly #choices: Choices;
  readonly #ofBlock: number;
  readonly #ofHalf: Int32Array;
  readonly #stride: number;

  /** @param chances of 0, 1, 2 ... at one position; they sum to 1 */
  constructor(seed: number, chances: readonly number[]) {
    this.#seedHigh = Math.floor(seed / 2 ** 32) >>> 0;
    this.#seedLow = seed >>> 0;
    const { sums, choices, ofBlock, ofHalf, stride } = splitsOf(chances);
    this.#sums = sums;
    this.#choices = choices;
    this.#ofBlock = ofBlock;
    this.#ofHalf = ofHalf;
    this.#stride = stride;
  }

  /** The number at a position. */
  at(row: number, position: number): number {
    const prefix = this.#prefix(row);
    const first = Math.floor(position / block);
    let sum = this.#block(prefix, first);
    let part = 1;
    for (let level = levels; level > 0; level--) {
      const left = this.#half(prefix, first, level, part, sum);
      const right = (position >> (level - 1)) & 1;
      sum = right === 0 ? left : sum - left;
      part = 2 * part + right;
    }
    return sum;
  }

  /**
   * The numbers at the `positionsOfRun` positions from that number of runs on: twenty draws for sixteen of them, where `at` takes nine for each.
   * @param into gets them from its index `from` on
   */
  run(row: number, run: number, into: Uint16Array, from: number): void {
    const prefix = this.#prefix(row);
    const position = run * positionsOfRun;
    const first = Math.floor(position / block);
    let sum = this.#block(prefix, first);
    let part = 1;
    for (let level = levels; level > runLevel; level--) {
      const left = this.#half(prefix, first, level, part, sum);
      const right = (position >> (level - 1)) & 1;
      sum = right === 0 ? left : sum - left;
      part = 2 * part + right;
    }
    into[from] = sum;
    for (let level = runLevel; level > 0; level--, part *= 2) {
      const parts = positionsOfRun >> level;
      for (let i = 0; i < parts; i++) {
        const at = from + (i << level);
        const both = into[at];
        const left = this.#half(prefix, first, level, part + i, both);
        into[at] = left;
        into[at + (1 << (level - 1))] = both - left;
      }
    }
  }

  /** Sum over the positions below `end`. */
  below(row: number, end: number): number {
    const prefix = this.#prefix(row);
    const whole = Math.floor(end / block);
    let total = 0;
    for (let b = 0; b < whole; b++) total += this.#block(prefix, b);
    const rest = end - whole * block;
    if (rest === 0) return total;
    let sum = this.#block(prefix, whole);
    let part = 1;
    for (let level = levels; level > 0; level--) {
      const left = this.#half(prefix, whole, level, part, sum);
      const right = (rest >> (level - 1)) & 1;
      if (right === 1) total += left;
      sum = right === 0 ? left : sum - left;
      part = 2 * part + right;
    }
    return total;
  }

  /** The least number of positions that, together with the sum over them, comes to `target`. */
  reaching(row: number, target: number): number {
    if (target <= 0) return 0;
    const prefix = this.#prefix(row);
    let left = target;
    let b = 0;
    let sum = this.#block(prefix, b);
    while (block + sum < left) {
      left -= block + sum;
      sum = this.#block(prefix, ++b);
    }
    let position = b * block;
    let part = 1;
    for (let level = levels; level > 0; level--) {
      const size = 1 << (level - 1);
      const first = this.#half(prefix, b, level, part, sum);
      // All ones where the first half does not reach it: one way as likely as the other is no branch.
      const right = (size + first - left) >> 31;
      left -= (size + first) & right;
      position += size & right;
      sum = first + ((sum - 2 * first) & right);
      part = 2 * part - right;
    }
    return position + 1;
  }

  #prefix(row: number): number {
    return counterPrefix(this.#seedHigh, this.#seedLow, row);
  }

  #block(prefix: number, b: number): number {
    return this.#choices.drawn(this.#ofBlock, counterWord(prefix, b * block));
  }

  /** What the first half has of the sum of a part of 2^level positions; parts are numbered as in a heap. */
  #half(prefix: number, b: number, level: number, part: number, sum: number): number {
    if (sum === 0) return 0;
    let choice = this.#ofHalf[level * this.#stride + sum];
    if (choice < 0) choice = this.#make(level, sum);
    return this.#choices.drawn(choice, counterWord(prefix, b * block + part));
  }

  #make(level: number, sum: number): number {
    return (this.#ofHalf[level * this.#stride + sum] = this.#choices.add(halved(this.#sums[level - 1], sum)));
  }
}

/** How sums over a block, and over the first halves of its parts, are distributed. */
interface Splits {
  readonly chances: readonly number[];
  /** Chances of the sums of 2^level positions. */
  readonly sums: readonly Float64Array[];
  readonly choices: Choices;
  readonly ofBlock: number;
  /** By level and sum, the choice of what the first half has of it; -1 where that was not asked for yet. Levels begin `stride` apart. */
  readonly ofHalf: Int32Array;
  readonly stride: number;
}

/** Those that were made last, a few: runs of the same speculation follow each other, and share what was made. */
const latest: Splits[] = [];
const kept = 4;

function splitsOf(chances: readonly number[]): Splits {
  const known = latest.find((one) => one.chances.length === chances.length && chances.every((chance, k) => chance === one.chances[k]));
  if (known !== undefined) return known;
  const sums: Float64Array[] = [Float64Array.from(chances)];
  for (let level = 1; level <= levels; level++) sums.push(folded(sums[level - 1]));
  const choices = new Choices();
  const stride = sums[levels].length;
  const made: Splits = { chances, sums, choices, ofBlock: choices.add(sums[levels]), ofHalf: new Int32Array((levels + 1) * stride).fill(-1), stride };
  latest.unshift(made);
  latest.length = Math.min(latest.length, kept);
  return made;
}

/** Of two independent sums together. */
function folded(chances: Float64Array): Float64Array {
  const sums = new Float64Array(2 * chances.length - 1);
  for (let i = 0; i < chances.length; i++) for (let j = 0; j < chances.length; j++) sums[i + j] += chances[i] * chances[j];
  return sums;
}

/** Of the first of two that come to `sum`. */
function halved(chances: Float64Array, sum: number): Float64Array {
  const most = chances.length - 1;
  return Float64Array.from({ length: Math.min(sum, most) + 1 }, (_, k) => (sum - k > most ? 0 : chances[k] * chances[sum - k]));
}
