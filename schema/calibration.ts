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
const calibrationSchema = 'supernode/calibration/2';

/** Digits of knots and values, 0 to 63. */
const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
/** A value is one digit with this for zero; one further off is a dot and two digits. */
const ZERO = 32;

const number = z.number({ error: 'expected a number' });
const whole = number.int().min(0);
/** Rows, and median, p90 and p99 in steps of an error; null where there is none. */
const score = z.tuple([whole, whole.nullable(), whole.nullable(), whole.nullable()], { error: 'expected [rows, median, p90, p99]' });
/** Steps of an error to one. */
const ERROR_STEPS = 1e4;
const coded = z.string({ error: 'expected digits' }).regex(/^[\w.-]*$/, { error: 'expected letters, digits, - , _ and dots' });
const pairs = z.string({ error: 'expected pairs of features' }).regex(/^(\d\d)+$/, { error: 'expected two digits for each pair of features' });

/** What cells hold, each a column: like stands by like, which packs to four fifths of what cells one by one do. */
const columns = {
  cells: z.tuple(
    [
      text('the name of the chip'),
      text('its generation'),
      text('the name of the stack'),
      text('the class'),
      text('the format'),
      text('the source of the rows'),
    ],
    { error: 'expected [chip, generation, stack, class, format, source]' },
  ),
  parameters: coded,
  // Least value, step and knots of each feature, and the pairs that have a table.
  residuals: z.tuple([listOf(number, 1), listOf(number, 1), listOf(coded, 1), pairs], { error: 'expected [low, step, knots, pairs]' }).nullable(),
  values: coded,
  fit: score,
  // Median, p90 and p99 of the same rows; none where nothing could be held out.
  heldOut: z.tuple([whole, whole, whole], { error: 'expected [median, p90, p99]' }).nullable(),
  reported: score.nullable(),
  scatter: score.nullable(),
  excluded: whole,
  tables: listOf(text('the mark of a table')),
};
type Columns = { readonly [Name in keyof typeof columns]: z.infer<(typeof columns)[Name]> };
const columnNames = Object.keys(columns) as readonly (keyof Columns)[];

const file = record({
  schema: z.literal(calibrationSchema, { error: `expected "${calibrationSchema}"` }),
  // What the constants of each class were when the cells were fitted.
  classes: z.record(z.string(), z.string()),
  // Cores, bandwidth [B/s] and 16-bit peak [flop/s] of the dies that were measured.
  dies: z.record(z.string(), z.tuple([number, number, number], { error: 'expected [cores, bandwidth, peak]' })).optional(),
  cells: listOf(columns.cells, 1),
  parameters: listOf(columns.parameters),
  residuals: listOf(columns.residuals),
  values: listOf(columns.values),
  fit: listOf(columns.fit),
  heldOut: listOf(columns.heldOut),
  reported: listOf(columns.reported),
  scatter: listOf(columns.scatter),
  excluded: listOf(columns.excluded),
  tables: listOf(columns.tables),
});

type StoredFile = z.infer<typeof file>;
type StoredResidual = NonNullable<Columns['residuals']>;

/**
 * The cells of a file of calibration. `path` names the file in errors. Cells that were fitted for other constants than their class has
 * today are an error, or are left out and named to `stale` where it is given.
 * @throws InputError with every problem
 */
export function readCells(value: unknown, path: string, stale?: (name: string) => void): readonly Cell[] {
  const { value: stored, issues } = tryRead<StoredFile>(file, value, path);
  if (stored === undefined || issues.length > 0) throw new InputError(issues);
  const uneven = columnNames.filter((name) => stored[name].length !== stored.cells.length);
  if (uneven.length > 0)
    throw new InputError(
      uneven.map((name) => ({ path: placed(path, name), message: `expected one for each of ${stored.cells.length} cells, got ${stored[name].length}` })),
    );
  const outdated = new Set(stale === undefined ? [] : Object.keys(stored.classes).filter((name) => isStale(name, stored.classes[name])));
  for (const name of outdated) stale?.(name);
  const fresh = stored.cells.flatMap(([, , , operatorClass], i) => (outdated.has(operatorClass) ? [] : [{ row: rowOf(stored, i), at: i }]));
  const problems = fresh.flatMap(({ row, at }) => rowIssues(row, stored.classes[row.cells[3]], path, at));
  if (problems.length > 0) throw new InputError(problems);
  return fresh.map(({ row }) => cellFrom(row, stored.dies?.[row.cells[0]]));
}

function isStale(name: string, constants: string | undefined): boolean {
  const family = familyOf(name);
  return family === undefined || constantsOf(family.parameters) !== constants;
}

/** What each column says of one cell; the columns are as long as the cells. */
function rowOf(stored: StoredFile, at: number): Columns {
  return Object.fromEntries(columnNames.map((name) => [name, stored[name][at]])) as unknown as Columns;
}

function cellFrom(row: Columns, die: NonNullable<StoredFile['dies']>[string] | undefined): Cell {
  const [chip, generation, stack, operatorClass, format, source] = row.cells;
  return {
    chip,
    generation,
    stack,
    class: operatorClass,
    format,
    ...(die === undefined ? {} : { die: { cores: die[0], bandwidth: die[1], peak: die[2] } }),
    parameters: decodedParameters(familyOf(operatorClass)?.parameters ?? [], row.parameters),
    ...(row.residuals === null ? {} : { residual: decoded(row.residuals, row.values) }),
    fit: scoreFrom(row.fit),
    heldOut: row.heldOut === null ? scoreFrom([0, null, null, null]) : scoreFrom([row.fit[0], ...row.heldOut]),
    ...(row.reported === null ? {} : { reported: scoreFrom(row.reported) }),
    ...(row.scatter === null ? {} : { scatter: scoreFrom(row.scatter) }),
    excluded: row.excluded,
    source,
    tables: row.tables,
  };
}

/** What a schema cannot say: the cell was fitted for the constants that its family has today, and its residual is whole. */
function rowIssues({ cells, parameters, residuals, values }: Columns, constants: string | undefined, path: string, at: number): Issue[] {
  const issues: Issue[] = [];
  const add = (column: keyof Columns, message: string): number => issues.push({ path: placed(path, `${column}[${at}]`), message });
  const [, , , operatorClass, format] = cells;
  if (numberFormatOf(format) === undefined) add('cells', `no number format begins "${format}"`);
  const family = familyOf(operatorClass);
  if (family === undefined) add('cells', `no such class of operators: "${operatorClass}"`);
  else if (isStale(operatorClass, constants)) add('cells', `was fitted for other constants of ${operatorClass} than it has today: calibrate it again`);
  else if (parameters.length !== family.parameters.reduce((sum, parameter) => sum + digitCount(parameter), 0))
    add('parameters', `expected the digits of ${family.parameters.length} constants, got ${parameters.length} digits`);
  if (residuals !== null) for (const message of residualIssues(residuals)) add('residuals', message);
  const expected = residuals === null ? 0 : valuesOf(residuals);
  const got = values.replaceAll(/\.../g, '_').length;
  if (got !== expected) add('values', `expected ${expected} values, got ${got}`);
  return issues;
}

function residualIssues([low, step, knots, taken]: StoredResidual): readonly string[] {
  if (step.length !== low.length || knots.length !== low.length) return ['low, step and knots are of different lengths'];
  const ascending = knots.every((places) => digitsOf(places).every((place, i, all) => i === 0 || place > (all[i - 1] ?? 0)));
  if (!ascending) return ['knots do not ascend'];
  return pairsOf(taken).some((pair) => pair.some((feature) => (knots[feature] ?? '') === '')) ? ['a pair is of a feature without knots'] : [];
}

function pairsOf(text: string): readonly (readonly [number, number])[] {
  return (text.match(/../g) ?? []).map((pair) => [Number(pair[0]), Number(pair[1])] as const);
}

function valuesOf([, , knots, taken]: StoredResidual): number {
  return pairsOf(taken).reduce((sum, [first, second]) => sum + (knots[first]?.length ?? 0) * (knots[second]?.length ?? 0), 0);
}

/** The text of a file of cells, an entry of a column a line, in the order of the cells' keys: the same for the same cells. */
export function writeCells(cells: readonly Cell[]): string {
  const rows = [...cells].sort((a, b) => (keyOf(a) < keyOf(b) ? -1 : 1)).map(storedRow);
  const classes = [...new Set(cells.map((own) => own.class))].sort((a, b) => (a < b ? -1 : 1));
  const constants = Object.fromEntries(classes.map((name): [string, string] => [name, constantsOf(familyOf(name)?.parameters ?? [])]));
  const dies = Object.fromEntries(cells.flatMap(({ chip, die }) => (die === undefined ? [] : [[chip, [die.cores, die.bandwidth, die.peak]]])));
  const parts = columnNames.map((name) => `"${name}":[\n${rows.map((row) => JSON.stringify(row[name])).join(',\n')}\n]`);
  return `{"schema":"${calibrationSchema}","classes":${JSON.stringify(constants)},"dies":${JSON.stringify(dies)},\n${parts.join(',\n')}}\n`;
}

function storedRow({ chip, generation, stack, class: operatorClass, format, parameters, residual, source, tables, ...scores }: Cell): Columns {
  const { fit, heldOut, reported, scatter, excluded } = scores;
  return {
    cells: [chip, generation, stack, operatorClass, format, source],
    parameters: encodedParameters(familyOf(operatorClass)?.parameters ?? [], parameters),
    residuals: residual === undefined ? null : encoded(residual),
    values: residual?.tables.flatMap(({ values }) => values.map(valueText)).join('') ?? '',
    fit: storedScore(fit),
    heldOut: heldOut.rows === 0 ? null : [stepsOf(heldOut.median), stepsOf(heldOut.p90), stepsOf(heldOut.p99)],
    reported: reported === undefined ? null : storedScore(reported),
    scatter: scatter === undefined ? null : storedScore(scatter),
    excluded,
    tables: [...(tables ?? [])],
  };
}

function keyOf({ chip, stack, class: operatorClass, format }: Cell): string {
  return [chip, stack, operatorClass, format].join('\u0000');
}

function storedScore({ rows, median, p90, p99 }: Score): Columns['fit'] {
  const steps = (value: number): number | null => (Number.isNaN(value) ? null : stepsOf(value));
  return [rows, steps(median), steps(p90), steps(p99)];
}

const stepsOf = (value: number): number => Math.round(value * ERROR_STEPS);

function scoreFrom([rows, median, p90, p99]: Columns['fit']): Score {
  const value = (steps: number | null): number => (steps === null ? Number.NaN : steps / ERROR_STEPS);
  return { rows, median: value(median), p90: value(p90), p99: value(p99) };
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
  return [[...low], [...step], knots.map((places) => places.map(digit).join('')), tables.map(({ features: [first, second] }) => `${first}${second}`).join('')];
}

function valueText(value: number): string {
  const near = value + ZERO;
  if (near >= 0 && near <= KNOT_STEPS) return digit(near);
  const far = value + MOST_VALUE_STEPS;
  return `.${digit(far >> 6)}${digit(far & KNOT_STEPS)}`;
}

function decoded([low, step, knots, taken]: StoredResidual, values: string): Residual {
  const steps = (values.match(/\...|[^.]/g) ?? []).map((text) =>
    text.length === 1 ? digits.indexOf(text) - ZERO : digits.indexOf(text[1] ?? '') * (KNOT_STEPS + 1) + digits.indexOf(text[2] ?? '') - MOST_VALUE_STEPS,
  );
  const places = knots.map(digitsOf);
  let end = 0;
  const tables = pairsOf(taken).map(([first, second]) => {
    const count = (places[first]?.length ?? 0) * (places[second]?.length ?? 0);
    end += count;
    return { features: [first, second] as const, values: steps.slice(end - count, end) };
  });
  return { low, step, knots: places, tables };
}
