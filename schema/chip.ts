import * as z from 'zod';
import type { Chip } from '../src/catalogue/chip.ts';
import { numberFormats } from '../src/catalogue/format.ts';
import { InputError, type Issue } from '../src/base/errors.ts';
import { chipIssues } from '../src/catalogue/check.ts';
import { countFigure, figure } from './figure.ts';
import { count, listOf, placed, record, text, tryRead } from './read.ts';

const peak = record({ peak: figure('compute'), ceiling: figure('compute').optional() });

/** Peaks by number format: at least one. */
const peaks = record(
  Object.fromEntries(numberFormats.map((format) => [format, peak.optional()])) as Record<(typeof numberFormats)[number], z.ZodOptional<typeof peak>>,
).refine((value) => Object.keys(value).length > 0, { error: `expected the peak of at least one format (${numberFormats.join(', ')})` });

const chip = record({
  name: text('the name of the chip'),
  title: text('a title'),
  vendor: text('the name of the vendor'),
  word: text('what its users call one package, such as NPU or GPU'),
  generation: text('the generation of the chip'),
  follows: text('the generation whose measurements stand in where its own has none').optional(),
  dies: count(),
  die: record({
    matrix: record({ cores: countFigure(), peaks }),
    vector: record({ cores: countFigure(), peak: figure('compute'), threads: countFigure().optional() }),
    memory: record({ capacity: figure('bytes'), bandwidth: figure('bandwidth') }),
    cache: figure('bytes').optional(),
  }),
  power: record({ max: figure('power'), idle: figure('power').optional() }),
  price: figure('money-rate').optional(),
  notes: listOf(text('a note')).default([]),
});

/**
 * A chip from the content of its file. `path` names the file in errors.
 * @throws InputError with every problem.
 */
export function readChip(value: unknown, path: string): Chip {
  const result = tryRead<Chip>(chip, value, path);
  const inconsistent: readonly Issue[] = result.value === undefined ? [] : chipIssues(result.value);
  const issues = [...result.issues, ...inconsistent.map((issue) => ({ path: placed(path, issue.path), message: issue.message }))];
  if (result.value === undefined || issues.length > 0) throw new InputError(issues);
  return result.value;
}
