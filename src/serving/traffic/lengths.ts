import { unreachable } from '../../base/errors.ts';
import { exp } from '../../kernel/elementary.ts';
import type { RandomStream } from '../../kernel/random.ts';
import { quickNormal } from '../../kernel/ziggurat.ts';
import type { Lengths } from './workload.ts';

/** Draws whole lengths of at least one token. */
export function lengthSampler(lengths: Lengths, random: RandomStream): () => number {
  switch (lengths.kind) {
    case 'fixed':
      return () => lengths.tokens;
    case 'uniform': {
      const choices = lengths.max - lengths.min + 1;
      return () => lengths.min + Math.floor(random.uniform() * choices);
    }
    case 'lognormal':
      return () => Math.max(1, Math.round(Math.min(lengths.max, lengths.median * exp(lengths.sigma * quickNormal(random)))));
    case 'empirical': {
      const share = Float64Array.from(lengths.share);
      const tokens = Float64Array.from(lengths.tokens);
      return () => Math.max(1, Math.round(quantileOf(share, tokens, random.uniform())));
    }
    default:
      return unreachable(lengths);
  }
}

/** The length at cumulative share `u`, in [knot] order: linear between knots, constant outside of them. */
function quantileOf(share: Float64Array, tokens: Float64Array, u: number): number {
  let low = 0;
  let high = share.length - 1;
  if (u <= (share[low] ?? 0)) return tokens[low] ?? 1;
  if (u >= (share[high] ?? 1)) return tokens[high] ?? 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if ((share[middle] ?? 0) <= u) low = middle;
    else high = middle;
  }
  const from = share[low] ?? 0;
  const to = share[high] ?? 1;
  const bottom = tokens[low] ?? 1;
  return bottom + (((tokens[high] ?? 1) - bottom) * (u - from)) / (to - from);
}

/** Mean of the distribution before it is rounded to whole tokens; undefined where a cap leaves no short formula. [tokens] */
export function meanLength(lengths: Lengths): number | undefined {
  switch (lengths.kind) {
    case 'fixed':
      return lengths.tokens;
    case 'uniform':
      return (lengths.min + lengths.max) / 2;
    case 'lognormal':
      return undefined;
    case 'empirical': {
      const { share, tokens } = lengths;
      let mean = (share[0] ?? 0) * (tokens[0] ?? 0) + (1 - (share.at(-1) ?? 1)) * (tokens.at(-1) ?? 0);
      for (let i = 1; i < share.length; i++) mean += (((share[i] ?? 0) - (share[i - 1] ?? 0)) * ((tokens[i] ?? 0) + (tokens[i - 1] ?? 0))) / 2;
      return mean;
    }
    default:
      return unreachable(lengths);
  }
}
