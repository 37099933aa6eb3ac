import * as z from 'zod';
import type { Lengths, Reuse } from '../../src/serving/traffic/workload.ts';
import { count, found, listOf, read, record, text } from '../read.ts';

/** Traffic by a name: lengths, burstiness and reuse that were fitted to a published trace. */
export interface Preset {
  readonly name: string;
  readonly summary: string;
  readonly input: Lengths;
  readonly output: Lengths;
  /** Coefficient of variation of the gaps between arrivals: 1 is Poisson. */
  readonly cv: number;
  readonly reuse?: Reuse | undefined;
  readonly source: {
    readonly trace: string;
    readonly url: string;
    readonly licence: string;
    readonly attribution: string;
    /** What was done with the trace, and what the preset leaves out. */
    readonly note: string;
  };
}

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

const schema: z.ZodType<Preset> = record({
  name: text('a name'),
  summary: text('a summary'),
  source: record({ trace: text('a trace'), url: text('a URL'), licence: text('a licence'), attribution: text('an attribution'), note: text('a note') }),
  input: quantiles,
  output: quantiles,
  arrivals: record({ cv: number.min(0, { error: 'expected a coefficient of variation of at least 0' }) }),
  reuse: reuse.optional(),
  fit: record({ input: fit, output: fit }),
}).transform(({ name, summary, source, input, output, arrivals, reuse }): Preset => ({ name, summary, source, input, output, cv: arrivals.cv, reuse }));

/**
 * Checks a file of `data/workloads`. `path` stands in front of each problem.
 * @throws InputError with every problem.
 */
export function readPreset(value: unknown, path = ''): Preset {
  return read(schema, value, path);
}
