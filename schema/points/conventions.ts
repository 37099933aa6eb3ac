import * as z from 'zod';
import { numberFormats, type NumberFormat } from '../../src/catalogue/format.ts';
import { count, flag, listOf, oneOf, read, record, text } from '../read.ts';

/** How an engine was set when points of a backend were measured. */
export interface BackendConvention {
  readonly stack: string;
  readonly maxSequences: number;
  readonly maxBatchedTokens: number;
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

/** Formats in which engines multiply what a checkpoint stores. */
export interface ActivationConvention {
  /** `quant_method` of the checkpoint, and generations of chips. */
  readonly method: string;
  readonly generations: readonly string[];
  readonly activations: NumberFormat;
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
  readonly models: Readonly<Record<string, string>>;
  readonly checkpoints: readonly CheckpointConvention[];
  readonly activations: readonly ActivationConvention[];
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
  models: z.record(z.string(), text('the name of a model')),
  checkpoints: listOf(checkpoint),
  activations: listOf(
    record({
      method: text('a quant_method'),
      generations: listOf(text('a generation'), 1),
      activations: oneOf(numberFormats),
      source: text('the source of the format'),
    }),
  ),
  popularity: listOf(record({ experts: count(), variation: z.number().min(0).max(4), source: text('the source of the variation') }), 1),
});

/**
 * Conventions from the content of their file. `path` names the file in errors.
 * @throws InputError with every problem
 */
export function readConventions(value: unknown, path: string): PointConventions {
  return read<PointConventions>(conventions, value, path);
}
