import * as z from 'zod';
import { InputError, type Issue } from '../src/base/errors.ts';
import type { Cell, Residual, Score } from '../src/cost/calibration/cell.ts';
import { axisOf, stepOf, valueAt } from '../src/cost/calibration/axis.ts';
import { numberFormatOf } from '../src/cost/calibration/die.ts';
import { familyOf } from '../src/cost/calibration/families/index.ts';
import type { FittedParameter } from '../src/cost/calibration/family.ts';
import { KNOT_STEPS, MOST_VALUE_STEPS } from '../src/cost/calibration/fit-residual.ts';
import { hashOf } from '../src/cost/calibration/sample.ts';
import { listOf, placed, record, text, tryRead } from './read.ts';

/** What the files of `data/calibration` and `calibrate --out` say they are. */
const calibrationSchema = 'supernode/calibration/1';

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
  parameters: coded,
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
  scatter: score.optional(),
  excluded: number.int().min(0),
  source: text('the source of the rows'),
  tables: listOf(text('the mark of a table'), 0).optional(),
});

const file = record({
  schema: z.literal(calibrationSchema, { error: `expected "${calibrationSchema}"` }),
  // What the constants of each class were when the cells were fitted.
  classes: z.record(z.string(), z.string()),
  // Cores, bandwidth [B/s] and 16-bit peak [flop/s] of the dies that were measured.
  dies: z.record(z.string(), z.tuple([number, number, number], { error: 'expected [cores, bandwidth, peak]' })).optional(),
  cells: listOf(cell, 1),
});

type StoredFile = z.infer<typeof file>;
type StoredCell = z.infer<typeof cell>;
type StoredResidual = NonNullable<StoredCell['residual']>;

/**
 * The cells of a file of calibration. `path` names the file in errors. Cells that were fitted for other constants than their class has
 * today are an error, or are left out and named to `stale` where it is given.
 * @throws InputError with every problem
 */
export function readCells(value: unknown, path: string, stale?: (name: string) => void): readonly Cell[] {
  const { value: stored, issues } = tryRead<StoredFile>(file, value, path);
  if (stored === undefined || issues.length > 0) throw new InputError(issues);
  const outdated = new Set(stale === undefined ? [] : Object.keys(stored.classes).filter((name) => isStale(name, stored.classes[name])));
  for (const name of outdated) stale?.(name);
  const fresh = stored.cells.filter((entry) => !outdated.has(entry.class));
  const problems = fresh.flatMap((entry, i) => cellIssues(entry, stored.classes[entry.class], placed(path, `cells[${i}]`)));
  if (problems.length > 0) throw new InputError(problems);
  return fresh.map((entry) => cellFrom(entry, stored.dies?.[entry.chip]));
}

function isStale(name: string, constants: string | undefined): boolean {
  const family = familyOf(name);
  return family === undefined || constantsOf(family.parameters) !== constants;
}

function cellFrom(
  { parameters, residual, fit, heldOut, reported, scatter, ...rest }: StoredCell,
  die: NonNullable<StoredFile['dies']>[string] | undefined,
): Cell {
  return {
    ...rest,
    ...(die === undefined ? {} : { die: { cores: die[0], bandwidth: die[1], peak: die[2] } }),
    parameters: decodedParameters(familyOf(rest.class)?.parameters ?? [], parameters),
    ...(residual === undefined ? {} : { residual: decoded(residual) }),
    fit: scoreFrom(fit),
    heldOut: scoreFrom(heldOut),
    ...(reported === undefined ? {} : { reported: scoreFrom(reported) }),
    ...(scatter === undefined ? {} : { scatter: scoreFrom(scatter) }),
  };
}

/** What a schema cannot say: the cell was fitted for the constants that its family has today, and its residual is whole. */
function cellIssues(entry: StoredCell, constants: string | undefined, path: string): Issue[] {
  const issues: Issue[] = [];
  const add = (key: string, message: string): number => issues.push({ path: `${path}.${key}`, message });
  if (numberFormatOf(entry.format) === undefined) add('format', `no number format begins "${entry.format}"`);
  const family = familyOf(entry.class);
  if (family === undefined) add('class', `no such class of operators: "${entry.class}"`);
  else if (isStale(entry.class, constants)) add('class', `was fitted for other constants of ${entry.class} than it has today: calibrate it again`);
  else if (entry.parameters.length !== family.parameters.reduce((sum, parameter) => sum + digitCount(parameter), 0))
    add('parameters', `expected the digits of ${family.parameters.length} constants, got ${entry.parameters.length} digits`);
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
    .map(({ chip, generation, stack, class: operatorClass, format, parameters, residual, fit, heldOut, reported, scatter, excluded, source, tables }) =>
      JSON.stringify({
        chip,
        generation,
        stack,
        class: operatorClass,
        format,
        parameters: encodedParameters(familyOf(operatorClass)?.parameters ?? [], parameters),
        residual: residual === undefined ? undefined : encoded(residual),
        fit: storedScore(fit),
        heldOut: storedScore(heldOut),
        reported: reported === undefined ? undefined : storedScore(reported),
        scatter: scatter === undefined ? undefined : storedScore(scatter),
        excluded,
        source,
        tables,
      }),
    );
  const classes = [...new Set(cells.map((own) => own.class))].sort((a, b) => (a < b ? -1 : 1));
  const constants = Object.fromEntries(classes.map((name): [string, string] => [name, constantsOf(familyOf(name)?.parameters ?? [])]));
  const dies = Object.fromEntries(cells.flatMap(({ chip, die }) => (die === undefined ? [] : [[chip, [die.cores, die.bandwidth, die.peak]]])));
  return `{"schema":"${calibrationSchema}","classes":${JSON.stringify(constants)},"dies":${JSON.stringify(dies)},"cells":[\n${lines.join(',\n')}\n]}\n`;
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

/** A short name for names and bounds of constants. */
function constantsOf(parameters: readonly FittedParameter[]): string {
  return hashOf(parameters.map(({ name, min, max }) => `${name} ${min} ${max}`).join()).toString(36);
}

function digitCount(parameter: FittedParameter): number {
  return axisOf(parameter).steps > digits.length ** 2 ? 3 : 2;
}

function encodedParameters(parameters: readonly FittedParameter[], values: Readonly<Record<string, number>>): string {
  return parameters
    .map((parameter) => {
      const step = stepOf(parameter, values[parameter.name] ?? parameter.start);
      const low = digit((step >> 6) & KNOT_STEPS) + digit(step & KNOT_STEPS);
      return digitCount(parameter) === 3 ? digit(step >> 12) + low : low;
    })
    .join('');
}

function decodedParameters(parameters: readonly FittedParameter[], text: string): Readonly<Record<string, number>> {
  let taken = 0;
  return Object.fromEntries(
    parameters.map((parameter): [string, number] => {
      const count = digitCount(parameter);
      taken += count;
      const step = digitsOf(text.slice(taken - count, taken)).reduce((sum, value) => sum * digits.length + value, 0);
      return [parameter.name, valueAt(parameter, step)];
    }),
  );
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
