import * as z from 'zod';
import type { ClientPool, PoolClient } from '../../src/serving/traffic/client-pool.ts';
import type { Quantiles, SessionLaw } from '../../src/serving/traffic/session.ts';
import type { Lengths, Reuse } from '../../src/serving/traffic/workload.ts';
import { count, found, listOf, oneOf, read, record, text } from '../read.ts';
import { LEAST_SHAPE } from './servegen.ts';

/** Where the figures of a preset come from. */
interface Source {
  readonly trace: string;
  readonly url: string;
  readonly licence: string;
  readonly attribution: string;
  /** What was done with the trace, and what the preset leaves out. */
  readonly note: string;
}

interface Named {
  readonly name: string;
  readonly summary: string;
  readonly source: Source;
}

/** Traffic by a name: lengths, burstiness and reuse that were fitted to a published trace. */
export interface LengthsPreset extends Named {
  readonly kind: 'lengths';
  readonly input: Lengths;
  readonly output: Lengths;
  /** Coefficient of variation of the gaps between arrivals: 1 is Poisson. */
  readonly cv: number;
  readonly reuse?: Reuse | undefined;
}

/** Sessions by a name. */
interface SessionsPreset extends Named {
  readonly kind: 'sessions';
  readonly law: SessionLaw;
}

/** A pool of clients by a name. */
interface PoolPreset extends Named {
  readonly kind: 'client-pool';
  readonly pool: ClientPool;
}

export type Preset = LengthsPreset | SessionsPreset | PoolPreset;

const number = z.number({ error: (issue) => `expected a number, got ${found(issue.input)}` });
const share = number.min(0, { error: 'expected a share from 0 to 1' }).max(1, { error: 'expected a share from 0 to 1' });

const rises = (list: readonly number[]): boolean => list.every((value, i) => i === 0 || value > (list[i - 1] ?? 0));
const grows = (list: readonly number[]): boolean => list.every((value, i) => i === 0 || value >= (list[i - 1] ?? 0));

/** Knots as pairs, cumulative share and tokens, which read better in a file than two lists. */
const quantiles = listOf(z.tuple([share, count(1)], { error: (issue) => `expected [share, tokens], got ${found(issue.input)}` }), 2)
  .refine((knots) => rises(knots.map(([share]) => share)) && knots[0]?.[0] === 0 && knots.at(-1)?.[0] === 1, {
    error: 'expected shares that rise from 0 to 1',
  })
  .refine((knots) => grows(knots.map(([, tokens]) => tokens)), { error: 'expected tokens that do not fall' })
  .transform((knots): Lengths => ({ kind: 'empirical', share: knots.map(([share]) => share), tokens: knots.map(([, tokens]) => tokens) }));

const reuse = record({ share, 'block-tokens': count(1), window: count(1) }).transform((value): Reuse => ({
  share: value.share,
  blockTokens: value['block-tokens'],
  window: value.window,
}));

/** Error of the table beside the trace that it stands for, relative: mean, the lengths at four cumulative shares, and the greatest distance of the distributions. */
const fit = record({ mean: number, p50: number, p90: number, p95: number, p99: number, distance: share });

const source = record({
  trace: text('a trace'),
  url: text('a URL'),
  licence: text('a licence'),
  attribution: text('an attribution'),
  note: text('a note'),
});
const named = { name: text('a name'), summary: text('a summary'), source } as const;

const lengthsPreset: z.ZodType<LengthsPreset> = record({
  ...named,
  input: quantiles,
  output: quantiles,
  arrivals: record({ cv: number.min(0, { error: 'expected a coefficient of variation of at least 0' }) }),
  reuse: reuse.optional(),
  fit: record({ input: fit, output: fit }),
}).transform(({ name, summary, source, input, output, arrivals, reuse }): LengthsPreset => ({
  kind: 'lengths',
  name,
  summary,
  source,
  input,
  output,
  cv: arrivals.cv,
  reuse,
}));

/** A table of cumulative shares and values that do not fall; lengths may be equal from one share to the next, shares rise. */
const table = listOf(
  z.tuple([share, number.min(0, { error: 'expected a value of at least 0' })], { error: (issue) => `expected [share, value], got ${found(issue.input)}` }),
  2,
)
  .refine((knots) => rises(knots.map(([share]) => share)) && knots[0]?.[0] === 0 && knots.at(-1)?.[0] === 1, { error: 'expected shares that rise from 0 to 1' })
  .refine((knots) => grows(knots.map(([, value]) => value)), { error: 'expected values that do not fall' })
  .transform((knots): Quantiles => ({ share: knots.map(([share]) => share), value: knots.map(([, value]) => value) }));

const starts = listOf(record({ share, turns: table, first: table }), 1).refine(
  (list) => Math.abs(list.reduce((sum, { share }) => sum + share, 0) - 1) < 0.001,
  {
    error: 'expected shares of 1 together',
  },
);
const agent = { starts, growth: table, output: table, think: table } as const;

const sessionsPreset: z.ZodType<SessionsPreset> = record({
  ...named,
  kind: z.literal('sessions'),
  'block-tokens': count(1),
  main: record({
    ...agent,
    rewrite: record({ chance: share, kept: table }).optional(),
    compaction: record({ limit: table, length: table, kept: table }).optional(),
  }),
  helpers: record({ ...agent, chance: share, 'fan-out': table, delay: table, 'shared-tokens': count(0) }).optional(),
  fit: z.record(z.string(), number),
}).transform(({ name, summary, source, main, helpers, ...file }): SessionsPreset => ({
  kind: 'sessions',
  name,
  summary,
  source,
  law: {
    kind: 'drawn',
    blockTokens: file['block-tokens'],
    main,
    helpers:
      helpers === undefined
        ? undefined
        : { chance: helpers.chance, fanOut: helpers['fan-out'], delay: helpers.delay, sharedTokens: helpers['shared-tokens'], agent: helpers },
  },
}));

const client = record({
  count: count(1),
  gaps: record({ law: oneOf(['gamma', 'weibull']), shape: number.min(LEAST_SHAPE, { error: `expected a shape from ${LEAST_SHAPE}` }) }),
  /** In each window. [1/s] */
  rates: listOf(number.min(0, { error: 'expected a rate of at least 0' }), 1),
  input: table,
  output: table,
});

const poolPreset: z.ZodType<PoolPreset> = record({
  ...named,
  kind: z.literal('client-pool'),
  /** [s] */
  window: number.gt(0, { error: 'expected a window above 0 s' }),
  clients: listOf(client, 1)
    .refine((clients) => clients.every(({ rates }) => rates.length === clients[0]?.rates.length), { error: 'expected as many rates of each client' })
    .refine((clients) => clients.some(({ rates }) => rates.some((rate) => rate > 0)), { error: 'expected a rate above 0 somewhere' }),
  fit: z.record(z.string(), number),
}).transform(({ name, summary, source, window, clients }): PoolPreset => ({
  kind: 'client-pool',
  name,
  summary,
  source,
  pool: {
    window,
    windows: clients[0]?.rates.length ?? 0,
    note: '',
    clients: clients.flatMap(({ count, gaps, rates, input, output }): readonly PoolClient[] => {
      const none = new Uint16Array(rates.length);
      const lengths = [{ input: { kind: 'linear', ...input }, output: { kind: 'linear', ...output } } as const];
      const one = { rate: Float64Array.from(rates), gaps: [{ kind: gaps.law, shape: gaps.shape }], gapsOf: none, lengths, lengthsOf: none };
      return Array.from({ length: count }, () => one);
    }),
  },
}));

/**
 * Checks a file of `data/workloads`: lengths, or what its `kind` says. `path` stands in front of each problem.
 * @throws InputError with every problem.
 */
export function readPreset(value: unknown, path = ''): Preset {
  const kind: unknown = typeof value === 'object' && value !== null ? (value as { readonly kind?: unknown }).kind : undefined;
  if (kind === undefined) return read(lengthsPreset, value, path);
  const known = oneOf(['sessions', 'client-pool']).safeParse(kind);
  if (!known.success) return read(z.never({ error: `kind: ${known.error.issues[0]?.message}` }), value, path);
  return known.data === 'sessions' ? read(sessionsPreset, value, path) : read(poolPreset, value, path);
}
