import * as z from 'zod';
import { InputError, type Issue } from '../src/base/errors.ts';
import type { Cell, Residual, Score } from '../src/cost/calibration/cell.ts';
import { numberFormatOf } from '../src/cost/calibration/die.ts';
import { familyOf } from '../src/cost/calibration/families/index.ts';
import { MOST_VALUE_STEPS, STEPS } from '../src/cost/calibration/residual.ts';
import { listOf, placed, record, text, tryRead } from './read.ts';

/** What the files of `data/calibration` and `calibrate --out` say they are. */
export const calibrationSchema = 'supernode/calibration/1';

/** Digits of the shipped anchors: one for each coordinate, two for each value. */
const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

const number = z.number({ error: 'expected a number' });
const score = z.tuple([number.int().min(0), number.nullable(), number.nullable(), number.nullable()], { error: 'expected [rows, median, p90, p99]' });
const coded = z.string({ error: 'expected digits of anchors' }).regex(/^[\w-]*$/, { error: 'expected letters, digits, - and _' });

const cell = record({
  chip: text('the name of the chip'),
  generation: text('the generation of the chip'),
  stack: text('the name of the stack'),
  class: text('the class of the operators'),
  format: text('the format of the operands'),
  parameters: z.record(z.string(), number),
  residual: record({ scale: listOf(number, 1), low: listOf(number, 1), step: listOf(number, 1), anchors: coded, values: coded }).optional(),
  fit: score,
  heldOut: score,
  reported: score.optional(),
  excluded: number.int().min(0),
  source: text('the source of the rows'),
});

const file = record({ schema: z.literal(calibrationSchema, { error: `expected "${calibrationSchema}"` }), cells: listOf(cell, 1) });

type StoredCell = z.infer<typeof cell>;

/**
 * The cells of a file of calibration. `path` names the file in errors.
 * @throws InputError with every problem
 */
export function readCells(value: unknown, path: string): readonly Cell[] {
  const { value: stored, issues } = tryRead<{ readonly cells: readonly StoredCell[] }>(file, value, path);
  if (stored === undefined || issues.length > 0) throw new InputError(issues);
  const problems = stored.cells.flatMap((entry, i) => cellIssues(entry, placed(path, `cells[${i}]`)));
  if (problems.length > 0) throw new InputError(problems);
  return stored.cells.map(({ residual, fit, heldOut, reported, ...rest }) => ({
    ...rest,
    ...(residual === undefined ? {} : { residual: decoded(residual) }),
    fit: scoreFrom(fit),
    heldOut: scoreFrom(heldOut),
    ...(reported === undefined ? {} : { reported: scoreFrom(reported) }),
  }));
}

/** What a schema cannot say: the family's own constants are there, within their bounds, and anchors are whole. */
function cellIssues(entry: StoredCell, path: string): Issue[] {
  const issues: Issue[] = [];
  const add = (key: string, message: string): number => issues.push({ path: `${path}.${key}`, message });
  if (numberFormatOf(entry.format) === undefined) add('format', `no number format begins "${entry.format}"`);
  const family = familyOf(entry.class);
  if (family === undefined) add('class', `no such class of operators: "${entry.class}"`);
  for (const { name, min, max } of family?.parameters ?? []) {
    const value = entry.parameters[name];
    if (value === undefined) add('parameters', `${name} is missing`);
    else if (!(value >= min * 0.999 && value <= max * 1.001)) add(`parameters.${name}`, `expected ${min} to ${max}, got ${value}`);
  }
  for (const name of Object.keys(entry.parameters))
    if (family !== undefined && !family.parameters.some((parameter) => parameter.name === name)) add(`parameters.${name}`, 'no such constant of this class');
  if (entry.residual !== undefined) {
    const { scale, low, step, anchors, values } = entry.residual;
    if (low.length !== scale.length || step.length !== scale.length) add('residual', 'scale, low and step have different lengths');
    if (values.length % 2 !== 0 || anchors.length * 2 !== values.length * scale.length) add('residual.anchors', 'expected one digit a feature and two a value');
    if (![...scale, ...step].every((width) => width > 0)) add('residual.scale', 'expected widths above 0');
  }
  return issues;
}

/** The text of a file of cells, one cell a line, in the order of their keys: the same for the same cells. */
export function writeCells(cells: readonly Cell[]): string {
  const lines = [...cells]
    .sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1))
    .map(({ chip, generation, stack, class: operatorClass, format, parameters, residual, fit, heldOut, reported, excluded, source }) =>
      JSON.stringify({
        chip,
        generation,
        stack,
        class: operatorClass,
        format,
        parameters,
        residual: residual === undefined ? undefined : encoded(residual),
        fit: storedScore(fit),
        heldOut: storedScore(heldOut),
        reported: reported === undefined ? undefined : storedScore(reported),
        excluded,
        source,
      }),
    );
  return `{"schema":"${calibrationSchema}","cells":[\n${lines.join(',\n')}\n]}\n`;
}

function keyOf({ chip, stack, class: operatorClass, format }: Cell): string {
  return [chip, stack, operatorClass, format].join('\u0000');
}

function storedScore({ rows, median, p90, p99 }: Score): unknown {
  return [rows, ...[median, p90, p99].map((value) => (Number.isNaN(value) ? null : value))];
}

function scoreFrom([rows, median, p90, p99]: z.infer<typeof score>): Score {
  return { rows, median: median ?? Number.NaN, p90: p90 ?? Number.NaN, p99: p99 ?? Number.NaN };
}

function encoded({ scale, low, step, places, values }: Residual): NonNullable<StoredCell['residual']> {
  const digit = (value: number): string => digits[value] ?? '';
  const offsets = values.map((value) => value + MOST_VALUE_STEPS);
  return {
    scale: [...scale],
    low: [...low],
    step: [...step],
    anchors: scale.map((_, f) => places.map((place) => digit(place[f] ?? 0)).join('')).join(''),
    values: offsets.map((value) => digit(value >> 6)).join('') + offsets.map((value) => digit(value & STEPS)).join(''),
  };
}

function decoded({ scale, low, step, anchors, values }: NonNullable<StoredCell['residual']>): Residual {
  const count = values.length / 2;
  const value = (text: string, at: number): number => digits.indexOf(text[at] ?? '');
  return {
    scale,
    low,
    step,
    places: Array.from({ length: count }, (_, a) => scale.map((__, f) => value(anchors, f * count + a))),
    values: Array.from({ length: count }, (_, a) => value(values, a) * (STEPS + 1) + value(values, count + a) - MOST_VALUE_STEPS),
  };
}
