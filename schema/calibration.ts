import * as z from 'zod';
import { InputError, type Issue } from '../src/base/errors.ts';
import type { Cell, Residual, Score } from '../src/cost/calibration/cell.ts';
import { numberFormatOf } from '../src/cost/calibration/die.ts';
import { familyOf } from '../src/cost/calibration/families/index.ts';
import { KNOT_STEPS, MOST_VALUE_STEPS } from '../src/cost/calibration/fit-residual.ts';
import { listOf, placed, record, text, tryRead } from './read.ts';

/** What the files of `data/calibration` and `calibrate --out` say they are. */
export const calibrationSchema = 'supernode/calibration/1';

/** Digits of knots and values, 0 to 63. */
const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** A value is one digit with this for zero; one further off is a dot and two digits. */
const ZERO = 32;

const number = z.number({ error: 'expected a number' });
const score = z.tuple([number.int().min(0), number.nullable(), number.nullable(), number.nullable()], { error: 'expected [rows, median, p90, p99]' });
const coded = z.string({ error: 'expected digits' }).regex(/^[\w.-]*$/, { error: 'expected letters, digits, - , _ and dots' });
const place = number.int().min(0).max(9);

const cell = record({
  chip: text('the name of the chip'),
  generation: text('the generation of the chip'),
  stack: text('the name of the stack'),
  class: text('the class of the operators'),
  format: text('the format of the operands'),
  parameters: z.record(z.string(), number),
  residual: record({
    low: listOf(number, 1),
    step: listOf(number, 1),
    knots: listOf(coded, 1),
    pairs: listOf(z.tuple([place, place], { error: 'expected two features' }), 1),
    values: coded,
  }).optional(),
  fit: score,
  heldOut: score,
  reported: score.optional(),
  excluded: number.int().min(0),
  source: text('the source of the rows'),
});

const file = record({ schema: z.literal(calibrationSchema, { error: `expected "${calibrationSchema}"` }), cells: listOf(cell, 1) });

type StoredCell = z.infer<typeof cell>;
type StoredResidual = NonNullable<StoredCell['residual']>;

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
  if (entry.residual !== undefined) for (const message of residualIssues(entry.residual)) add('residual', message);
  return issues;
}

function residualIssues({ low, step, knots, pairs, values }: StoredResidual): readonly string[] {
  const width = low.length;
  if (step.length !== width || knots.length !== width) return ['low, step and knots are of different lengths'];
  const ascending = knots.every((places) => digitsOf(places).every((place, i, all) => i === 0 || place > (all[i - 1] ?? 0)));
  if (!ascending) return ['knots do not ascend'];
  if (pairs.some((pair) => pair.some((feature) => (knots[feature] ?? '') === ''))) return ['a pair is of a feature without knots'];
  const expected = pairs.reduce((sum, [first, second]) => sum + (knots[first]?.length ?? 0) * (knots[second]?.length ?? 0), 0);
  const got = values.replaceAll(/\.../g, '_').length;
  return got === expected ? [] : [`expected ${expected} values, got ${got}`];
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

const digit = (value: number): string => digits[value] ?? '';
const digitsOf = (text: string): readonly number[] => Array.from(text, (letter) => digits.indexOf(letter));

function encoded({ low, step, knots, tables }: Residual): StoredResidual {
  return {
    low: [...low],
    step: [...step],
    knots: knots.map((places) => places.map(digit).join('')),
    pairs: tables.map(({ features: [first, second] }) => [first, second]),
    values: tables.flatMap(({ values }) => values.map(valueText)).join(''),
  };
}

function valueText(value: number): string {
  const near = value + ZERO;
  if (near >= 0 && near <= KNOT_STEPS) return digit(near);
  const far = value + MOST_VALUE_STEPS;
  return `.${digit(far >> 6)}${digit(far & KNOT_STEPS)}`;
}

function decoded({ low, step, knots, pairs, values }: StoredResidual): Residual {
  const steps = (values.match(/\...|[^.]/g) ?? []).map((text) =>
    text.length === 1 ? digits.indexOf(text) - ZERO : digits.indexOf(text[1] ?? '') * (KNOT_STEPS + 1) + digits.indexOf(text[2] ?? '') - MOST_VALUE_STEPS,
  );
  const places = knots.map(digitsOf);
  let taken = 0;
  const tables = pairs.map(([first, second]) => {
    const count = (places[first]?.length ?? 0) * (places[second]?.length ?? 0);
    taken += count;
    return { features: [first, second] as const, values: steps.slice(taken - count, taken) };
  });
  return { low, step, knots: places, tables };
}
