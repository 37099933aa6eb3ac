import { positionsOfRun, SplitSums } from '../kernel/split-sums.ts';

/** Steps whose drafts are drawn together. */
export const stepsOfRun: number = positionsOfRun;

/**
 * Speculation as the engine sees it: how many tokens a request emits in a step (1, and one more for each draft accepted in a
 * row), drawn per (request, step) so that the outcome does not depend on who asks or when.
 */
export class Acceptance {
  /** Mean tokens that a step emits. */
  readonly mean: number;
  readonly drafts: number;
  /** Accepted drafts by request and step. */
  readonly #accepted: SplitSums;

  /** @param acceptance chance of each draft position, given that those before it were accepted */
  constructor(seed: number, acceptance: readonly number[]) {
    // Chance that drafts 0..k are all accepted.
    let product = 1;
    const chain = acceptance.map((share) => (product *= share));
    this.drafts = acceptance.length;
    this.mean = chain.reduce((sum, share) => sum + share, 1);
    this.#accepted = new SplitSums(
      seed,
      [1, ...chain].map((share, k) => share - (chain[k] ?? 0)),
    );
  }

  /** Tokens that request `ordinal` emits in its decode step `step`. */
  emitted(ordinal: number, step: number): number {
    return this.drafts === 0 ? 1 : 1 + this.#accepted.at(ordinal, step);
  }

  /** Drafts that request `ordinal` accepts in each of the `stepsOfRun` steps of a run of them, put into `into` from its index `from` on. */
  run(ordinal: number, run: number, into: Uint16Array, from: number): void {
    this.#accepted.run(ordinal, run, into, from);
  }

  /** Steps from `firstStep` on until `tokens` more tokens are out. */
  stepsFor(ordinal: number, firstStep: number, tokens: number): number {
    if (this.drafts === 0) return tokens;
    return this.#accepted.reaching(ordinal, tokens + this.#outBefore(ordinal, firstStep)) - firstStep;
  }

  /** Tokens out after `steps` steps from `firstStep` on, at most `limit`. */
  emittedIn(ordinal: number, firstStep: number, steps: number, limit: number): number {
    if (this.drafts === 0) return Math.min(steps, limit);
    return Math.min(this.#outBefore(ordinal, firstStep + steps) - this.#outBefore(ordinal, firstStep), limit);
  }

  /** Tokens that its steps before `step` emit. */
  #outBefore(ordinal: number, step: number): number {
    return step === 0 ? 0 : step + this.#accepted.below(ordinal, step);
  }
}
