import { counterPrefix, counterTop, counterUniform, TOP_BITS } from '../kernel/random.ts';

/**
 * Speculation as the engine sees it: how many tokens a request emits in a step (1, and one more for each draft accepted in a
 * row), drawn per (request, step) so that the outcome does not depend on who asks or when.
 */
export class Acceptance {
  /** Mean tokens that a step emits. */
  readonly mean: number;
  readonly drafts: number;
  readonly #seedHigh: number;
  readonly #seedLow: number;
  /** Chance that drafts 0..k are all accepted. */
  readonly #chain: readonly number[];
  /** Their top bits, as those of a draw. */
  readonly #tops: readonly number[];

  /** @param acceptance chance of each draft position, given that those before it were accepted */
  constructor(seed: number, acceptance: readonly number[]) {
    this.#seedHigh = Math.floor(seed / 2 ** 32) >>> 0;
    this.#seedLow = seed >>> 0;
    let product = 1;
    this.#chain = acceptance.map((share) => (product *= share));
    this.#tops = this.#chain.map((share) => Math.floor(share * (1 << TOP_BITS)));
    this.drafts = acceptance.length;
    this.mean = this.#chain.reduce((sum, share) => sum + share, 1);
  }

  /** Tokens that request `ordinal` emits in its decode step `step`. */
  emitted(ordinal: number, step: number): number {
    return this.drafts === 0 ? 1 : this.#emitted(this.#prefix(ordinal), ordinal, step);
  }

  /** Steps from `firstStep` on until `tokens` more tokens are out. */
  stepsFor(ordinal: number, firstStep: number, tokens: number): number {
    if (this.drafts === 0) return tokens;
    const prefix = this.#prefix(ordinal);
    let step = firstStep;
    for (let left = tokens; left > 0; step++) left -= this.#emitted(prefix, ordinal, step);
    return step - firstStep;
  }

  /** Tokens out after `steps` steps from `firstStep` on, at most `limit`. */
  emittedIn(ordinal: number, firstStep: number, steps: number, limit: number): number {
    if (this.drafts === 0) return Math.min(steps, limit);
    const prefix = this.#prefix(ordinal);
    let tokens = 0;
    for (let step = firstStep; step < firstStep + steps && tokens < limit; step++) tokens += this.#emitted(prefix, ordinal, step);
    return Math.min(tokens, limit);
  }

  #prefix(ordinal: number): number {
    return counterPrefix(this.#seedHigh, this.#seedLow, ordinal);
  }

  #emitted(prefix: number, ordinal: number, step: number): number {
    const top = counterTop(prefix, step);
    let tokens = 1;
    for (let k = 0; k < this.drafts; k++) {
      if (top > this.#tops[k]) return tokens;
      // Only a draw that agrees with the chance in all top bits needs the others.
      if (top === this.#tops[k] && counterUniform(this.#seedHigh, this.#seedLow, ordinal, step) >= this.#chain[k]) return tokens;
      tokens++;
    }
    return tokens;
  }
}
