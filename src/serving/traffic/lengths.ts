import { unreachable } from '../../base/errors.ts';
import { exp } from '../../kernel/elementary.ts';
import type { RandomStream } from '../../kernel/random.ts';
import { quickNormal } from '../../kernel/ziggurat.ts';
import { QuantileSampler } from './quantile-sampler.ts';
import type { Lengths } from './workload.ts';

/** Draws whole lengths of at least one token, into the places of `into` from one to before another. */
export type LengthSampler = (into: Float64Array, from: number, to: number) => void;

export function lengthSampler(lengths: Lengths, random: RandomStream): LengthSampler {
  switch (lengths.kind) {
    case 'fixed':
      return (into, from, to) => into.fill(lengths.tokens, from, to);
    case 'uniform': {
      const choices = lengths.max - lengths.min + 1;
      return (into, from, to) => {
        random.uniforms(into, from, to);
        for (let i = from; i < to; i++) into[i] = lengths.min + Math.floor(into[i] * choices);
      };
    }
    case 'lognormal':
      return (into, from, to) => {
        for (let i = from; i < to; i++) into[i] = wholeOf(Math.min(lengths.max, lengths.median * exp(lengths.sigma * quickNormal(random))));
      };
    case 'empirical': {
      const tokens = QuantileSampler.linear(fromNoneToAll(lengths));
      return (into, from, to) => {
        random.uniforms(into, from, to);
        for (let i = from; i < to; i++) into[i] = wholeOf(tokens.at(into[i]));
      };
    }
    default:
      return unreachable(lengths);
  }
}

/** Up and down are as likely: `Math.round` would branch. */
function wholeOf(tokens: number): number {
  return Math.max(1, Math.floor(tokens + 0.5));
}

/** Shares from 0 to 1: outside of its knots a distribution has its first and its last length. */
function fromNoneToAll({ share, tokens }: Extract<Lengths, { kind: 'empirical' }>): { readonly share: readonly number[]; readonly value: readonly number[] } {
  const first = share[0] > 0 ? [0] : [];
  const last = share[share.length - 1] < 1 ? [1] : [];
  return { share: [...first, ...share, ...last], value: [...first.map(() => tokens[0]), ...tokens, ...last.map(() => tokens[tokens.length - 1])] };
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
