import * as z from 'zod';
import { InputError } from '../src/base/errors.ts';
import { modelFromConfig } from '../src/model/config/config.ts';
import type { Model } from '../src/model/model.ts';
import { found, oneOf, placed, record, text, tryRead } from './read.ts';

/** A published count: the number as it was printed, its value, and what one unit in its last place is worth. */
export interface PrintedCount {
  readonly text: string;
  readonly value: number;
  readonly unit: number;
}

/** What the publisher says of a model's size. */
interface PublishedCounts {
  readonly total?: PrintedCount | undefined;
  readonly active?: PrintedCount | undefined;
  /** Whether the active count includes the embedding table. */
  readonly counts: 'with-embedding' | 'without-embedding';
  /** The checkpoint with draft modules and their copies of embedding and head. */
  readonly checkpoint?: PrintedCount | undefined;
  readonly source: string;
}

/** A model and where it comes from. A bare `config.json` has neither title nor published counts. */
export interface ModelCard {
  readonly model: Model;
  readonly title: string;
  readonly vendor?: string | undefined;
  readonly license?: string | undefined;
  readonly source: string;
  readonly published?: PublishedCounts | undefined;
}

const scales: Readonly<Record<string, number>> = { M: 1e6, B: 1e9, T: 1e12 };

const countError = ({ input }: { readonly input?: unknown }): string => `expected a count such as 671B or 8030261248, got ${found(input)}`;
/** `37B`, `3.61B`, `1T`, or a whole number that is exact. */
const printed = z
  .union([z.int({ error: countError }).positive({ error: countError }), z.string()], { error: countError })
  .transform((value, ctx): PrintedCount => {
    if (typeof value === 'number') return { text: value.toLocaleString('en-US'), value, unit: 0 };
    const match = /^(\d+(?:\.(\d+))?)([MBT])$/.exec(value);
    const scale = scales[match?.[3] ?? ''];
    if (match === null || scale === undefined) {
      ctx.issues.push({ code: 'custom', message: `expected a count such as 671B or 8030261248, got "${value}"`, input: value });
      return z.NEVER;
    }
    return { text: value, value: Number(match[1]) * scale, unit: scale / Number(`1${'0'.repeat((match[2] ?? '').length)}`) };
  });

const card = record({
  title: text('a title'),
  vendor: text('who publishes the model'),
  license: text('the license of the weights'),
  source: text('where the configuration is published'),
  published: record({
    total: printed.optional(),
    active: printed.optional(),
    counts: oneOf(['with-embedding', 'without-embedding']).default('without-embedding'),
    checkpoint: printed.optional(),
    source: text('where the counts are published'),
  }).optional(),
  config: z.record(z.string(), z.unknown(), { error: ({ input }) => `expected the fields of a config.json, got ${found(input)}` }),
});

/** Runs `load` and puts the file in front of the path of each issue. */
function inFile<T>(file: string, load: () => T): T {
  try {
    return load();
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    throw new InputError(error.issues.map(({ path, message }) => ({ path: placed(file, path), message })));
  }
}

/** A card has its configuration under `config`; a published `config.json` names its family at the top. */
function isCard(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'config' in value && !('model_type' in value);
}

/**
 * A model from the content of a card or of a published `config.json`. `path` names the file in errors.
 * @throws InputError with every problem.
 */
export function readModelCard(value: unknown, path: string, name: string): ModelCard {
  if (!isCard(value)) {
    const nested = typeof value === 'object' && value !== null && 'text_config' in value;
    return {
      model: inFile(path, () => modelFromConfig(value, name)),
      title: name,
      source: nested ? `${path}: its language part, nothing else is counted` : path,
    };
  }
  const result = tryRead(card, value, path);
  const config = (value as { readonly config: unknown }).config;
  if (result.value === undefined) throw new InputError([...result.issues, ...configIssues(config, path, name)]);
  const { config: fields, ...rest } = result.value;
  return { ...rest, model: inFile(path, () => modelFromConfig(fields, name, { at: 'config' })) };
}

/** Problems of the configuration inside a card that is wrong elsewhere too. */
function configIssues(config: unknown, path: string, name: string): InputError['issues'] {
  if (typeof config !== 'object' || config === null) return [];
  try {
    inFile(path, () => modelFromConfig(config, name, { at: 'config' }));
    return [];
  } catch (error) {
    if (error instanceof InputError) return error.issues;
    throw error;
  }
}
