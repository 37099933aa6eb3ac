import { z } from 'zod';
import { expectedOneOf } from '../../src/base/nearest.ts';
import type { Lengths } from '../../src/serving/traffic/workload.ts';
import { dotted, found, listOf, record } from '../read.ts';
import type { Field } from './fields.ts';

const most = 10_000_000;
const tokens = z.int({ error: (issue) => `expected a whole number of tokens from 1 to ${most}, got ${found(issue.input)}` });
const length = tokens
  .min(1, { error: (issue) => `expected at least 1 token, got ${found(issue.input)}` })
  .max(most, { error: `expected at most ${most} tokens` });
const number = z.number({ error: (issue) => `expected a number, got ${found(issue.input)}` });
const share = number.min(0, { error: 'expected a share from 0 to 1' }).max(1, { error: 'expected a share from 0 to 1' });

/** Cumulative share and tokens. */
const quantile = z.tuple([share, length], { error: (issue) => `expected [share, tokens], got ${found(issue.input)}` });

const laws = {
  fixed: record({ kind: z.literal('fixed'), tokens: length }),
  uniform: record({ kind: z.literal('uniform'), min: length, max: length }),
  lognormal: record({
    kind: z.literal('lognormal'),
    median: length,
    sigma: number.gt(0, { error: 'expected a sigma above 0' }).max(5, { error: 'expected a sigma of at most 5' }),
    max: length,
  }),
  empirical: record({ kind: z.literal('empirical'), quantiles: listOf(quantile, 2) }).transform(({ kind, quantiles }): Lengths => ({
    kind,
    share: quantiles.map(([share]) => share),
    tokens: quantiles.map(([, tokens]) => tokens),
  })),
} as const;
const kinds = Object.keys(laws);

function contradictions(lengths: Lengths): string | undefined {
  switch (lengths.kind) {
    case 'fixed':
      return undefined;
    case 'uniform':
      return lengths.min > lengths.max ? `min ${lengths.min} is above max ${lengths.max}` : undefined;
    case 'lognormal':
      return lengths.median > lengths.max ? `median ${lengths.median} is above max ${lengths.max}` : undefined;
    case 'empirical': {
      const { share, tokens } = lengths;
      if (share[0] !== 0 || share.at(-1) !== 1) return `expected shares from 0 to 1, got ${share[0]} to ${share.at(-1)}`;
      const rises = (list: readonly number[]): boolean => list.every((value, i) => i === 0 || value >= (list[i - 1] ?? 0));
      return rises(share) && rises(tokens) ? undefined : 'expected shares and tokens that rise together';
    }
  }
}

type Found =
  | { readonly lengths: Lengths; readonly issues?: undefined }
  | { readonly issues: readonly { readonly path: readonly PropertyKey[]; readonly message: string }[]; readonly lengths?: undefined };

function readLengths(value: unknown): Found {
  if (typeof value === 'number') return readLengths({ kind: 'fixed', tokens: value });
  const kind: unknown = typeof value === 'object' && value !== null ? (value as { readonly kind?: unknown }).kind : undefined;
  if (typeof kind !== 'string')
    return { issues: [{ path: [], message: `expected a number of tokens, or a map with a kind (${kinds.join(', ')}), got ${found(value)}` }] };
  const law: z.ZodType<Lengths> | undefined = laws[kind as keyof typeof laws];
  if (law === undefined) return { issues: [{ path: ['kind'], message: expectedOneOf(kind, kinds) }] };
  const result = law.safeParse(value);
  if (!result.success)
    return {
      issues: result.error.issues.flatMap((issue) =>
        issue.code === 'unrecognized_keys'
          ? issue.keys.map((key, i) => ({ path: [...issue.path, key], message: issue.message.split('\n')[i] ?? '' }))
          : [issue],
      ),
    };
  const message = contradictions(result.data);
  return message === undefined ? { lengths: result.data } : { issues: [{ path: [], message }] };
}

/** Fields that are lengths, for who writes their JSON Schema: it is made of the laws. */
export const lengthFields: z.core.$ZodRegistry<Record<string, never>> = z.registry();

/** What a length may be: a number of tokens, or one of the laws. */
export const lengthAlternatives: { readonly tokens: object; readonly laws: readonly z.ZodType[] } = {
  tokens: { type: 'integer', minimum: 1, maximum: most },
  laws: Object.values(laws),
};

/** Token counts by a law: a bare number is a fixed length. */
export function lengths(description: string): Field<Lengths> {
  return z
    .unknown()
    .transform((value, context): Lengths => {
      const { lengths, issues } = readLengths(value);
      if (lengths !== undefined) return lengths;
      for (const { path, message } of issues)
        context.issues.push({ code: 'custom', message: path.length === 0 ? message : `${dotted(path)}: ${message}`, input: value });
      return z.NEVER;
    })
    .meta({ description })
    .register(lengthFields, {})
    .optional();
}
