import { counterUniform } from '../kernel/random.ts';

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

  /** @param acceptance chance of each draft position, given that those before it were accepted */
  constructor(seed: number, acceptance: readonly number[]) {
    this.#seedHigh = Math.floor(seed / 2 ** 32) >>> 0;
    this.#seedLow = seed >>> 0;
    let product = 1;
    this.#chain = acceptance.map((share) => (product *= share));
    this.drafts = acceptance.length;
    this.mean = this.#chain.reduce((sum, share) => sum + share, 1);
  }

  /** Tokens that request `ordinal` emits in its decode step `step`. */
  emitted(ordinal: number, step: number): number {
    if (this.drafts === 0) return 1;
    const draw = counterUniform(this.#seedHigh, this.#seedLow, ordinal, step);
    let tokens = 1;
    for (const share of this.#chain) if (draw < share) tokens++;
    return tokens;
  }

  /** Steps from `firstStep` on until `tokens` more tokens are out. */
  stepsFor(ordinal: number, firstStep: number, tokens: number): number {
    if (this.drafts === 0) return tokens;
    let step = firstStep;
    for (let left = tokens; left > 0; step++) left -= this.emitted(ordinal, step);
    return step - firstStep;
  }

  /** Tokens out after `steps` steps from `firstStep` on, at most `limit`. */
  emittedIn(ordinal: number, firstStep: number, steps: number, limit: number): number {
    if (this.drafts === 0) return Math.min(steps, limit);
    let tokens = 0;
    for (let step = firstStep; step < firstStep + steps && tokens < limit; step++) tokens += this.emitted(ordinal, step);
    return Math.min(tokens, limit);
  }
}
