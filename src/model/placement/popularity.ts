import { exp, ln } from '../../kernel/elementary.ts';
import { stream } from '../../kernel/random.ts';
import { normal } from '../../kernel/variates.ts';
import { balanceOf, rankLoads, type Balance, type Placement } from './placement.ts';

/** Shares of the tokens that experts get where the k-th most popular gets k^-exponent of the first; who is popular is drawn anew for each layer. */
export function powerLaw(experts: number, exponent: number, layer: number): readonly number[] {
  const shares = Array.from({ length: experts }, (_, k) => exp(-exponent * ln(k + 1)));
  const total = shares.reduce((sum, share) => sum + share, 0);
  const random = stream(1, `experts of layer ${layer}`);
  for (let i = experts - 1; i > 0; i--) {
    const j = Math.floor(random.uniform() * (i + 1));
    [shares[i], shares[j]] = [shares[j] ?? 0, shares[i] ?? 0];
  }
  return shares.map((share) => share / total);
}

/** Draws of one step over which its imbalance is averaged. */
const draws = 16;

/**
 * Balance of the ranks in steps of `rows` token rows, in the mean: popular experts, and the chance of who gets which token, which makes ranks
 * unequal even where popularity does not (about 1 / sqrt(rows of a rank) times 2 to 3).
 */
export function stepBalance(placement: Placement, shares: readonly number[], rows: number, layer: number): Balance {
  const total = shares.reduce((sum, share) => sum + share, 0);
  const loads = rankLoads(placement, shares).map((load) => (load * rows) / total);
  const random = stream(1, `tokens of layer ${layer}`);
  let imbalance = 0;
  for (let draw = 0; draw < draws; draw++) {
    const drawn = loads.map((load) => Math.max(0, load + normal(random) * Math.sqrt(Math.max(0, load * (1 - load / rows)))));
    imbalance += balanceOf(drawn).imbalance / draws;
  }
  return { imbalance, balancedness: 1 / (1 + imbalance) };
}
