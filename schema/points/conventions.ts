import * as z from 'zod';
import { count, flag, listOf, oneOf, read, record, text } from '../read.ts';

/** How an engine was set when points of a backend were measured. */
export interface BackendConvention {
  readonly stack: string;
  readonly maxSequences: number;
  readonly maxBatchedTokens: number;
  readonly source: string;
}

/** How a campaign differed: rows of these backends, versions, systems and models; what is absent fits all. */
export interface CampaignConvention {
  readonly backend: string;
  readonly versions?: readonly string[] | undefined;
  readonly systems?: readonly string[] | undefined;
  /** Cards of models. */
  readonly models?: readonly string[] | undefined;
  /** Whether lengths were the nominal ones. */
  readonly fixedLengths?: boolean | undefined;
  /** Tokens of an iteration beyond one nominal prompt and a token for each request in flight. */
  readonly beyondPrompt?: number | undefined;
  /** Decode steps between two looks for new requests, from a concurrency on; ascending. */
  readonly pollEvery?: readonly { readonly from: number; readonly steps: number }[] | undefined;
  /** Whether a client sent the requests whose time the constants of other versions do not contain: nothing of theirs is inherited for the front end. */
  readonly ownClient?: boolean | undefined;
  readonly source: string;
}

/** How weights are stored in a precision. */
export interface CheckpointConvention {
  readonly precision: string;
  /** Restricts the entry to models of this organisation, and to models with experts. */
  readonly organisation?: string | undefined;
  readonly experts?: boolean | undefined;
  /** The `quantization_config` of such a checkpoint; absent: none. */
  readonly quantization?: Readonly<Record<string, unknown>> | undefined;
  readonly source: string;
}

/** How unequally popular the experts of a layer are: coefficient of variation. */
export interface PopularityConvention {
  readonly experts: number;
  readonly variation: number;
  readonly source: string;
}

/** What the columns of serving points mean in the words of the catalogue. */
export interface PointConventions {
  readonly systems: Readonly<Record<string, string>>;
  readonly backends: Readonly<Record<string, BackendConvention>>;
  readonly campaigns: readonly CampaignConvention[];
  readonly models: Readonly<Record<string, string>>;
  readonly checkpoints: readonly CheckpointConvention[];
  /** Ascending in the number of experts. */
  readonly popularity: readonly PopularityConvention[];
}

const backend = record({
  stack: text('the name of a stack'),
  'max-num-seqs': count(),
  'max-num-batched-tokens': count(),
  source: text('the source of the limits'),
}).transform(({ 'max-num-seqs': maxSequences, 'max-num-batched-tokens': maxBatchedTokens, ...rest }): BackendConvention => ({
  ...rest,
  maxSequences,
  maxBatchedTokens,
}));

const campaign = record({
  backend: text('a backend'),
  versions: listOf(text('a version'), 1).optional(),
  systems: listOf(text('a system'), 1).optional(),
  models: listOf(text('the name of a model'), 1).optional(),
  lengths: oneOf(['fixed']).optional(),
  'tokens-beyond-prompt': z.number().int().min(0).optional(),
  'poll-every': listOf(record({ from: count(), steps: count() }), 1).optional(),
  'own-client': flag().optional(),
  source: text('the source of the settings'),
}).transform(({ lengths, 'own-client': ownClient, 'tokens-beyond-prompt': beyondPrompt, 'poll-every': pollEvery, ...rest }): CampaignConvention => ({
  ...rest,
  fixedLengths: lengths === 'fixed',
  beyondPrompt,
  pollEvery,
  ownClient,
}));

const checkpoint = record({
  precision: text('a precision'),
  organisation: text('an organisation').optional(),
  experts: flag().optional(),
  quantization: z.record(z.string(), z.unknown()).optional(),
  source: text('the source of the form'),
});

const conventions = record({
  systems: z.record(z.string(), text('the name of a machine')),
  backends: z.record(z.string(), backend),
  campaigns: listOf(campaign),
  models: z.record(z.string(), text('the name of a model')),
  checkpoints: listOf(checkpoint),
  popularity: listOf(record({ experts: count(), variation: z.number().min(0).max(4), source: text('the source of the variation') }), 1),
});

/**
 * Conventions from the content of their file. `path` names the file in errors.
 * @throws InputError with every problem
 */
export function readConventions(value: unknown, path: string): PointConventions {
  return read<PointConventions>(conventions, value, path);
}
