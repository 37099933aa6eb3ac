import type { LineProblems } from './problems.ts';

/** The object on a line; undefined, and a problem, where there is none. */
export function parseObject(text: string, line: number, problems: LineProblems): Readonly<Record<string, unknown>> | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    const notANumber = /:\s*(NaN|-?Infinity)\b/.exec(text)?.[1];
    const why = error instanceof Error ? error.message : String(error);
    problems.add(line, notANumber === undefined ? `broken JSON: ${why}` : `broken JSON: ${notANumber} is not a number of JSON`);
    return undefined;
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Readonly<Record<string, unknown>>;
  problems.add(line, `expected one JSON object a line, got ${Array.isArray(value) ? 'a list' : JSON.stringify(value)}`);
  return undefined;
}

/** A field that is a number; undefined, and a problem, where it is not. */
export function numberAt(record: Readonly<Record<string, unknown>>, field: string, line: number, problems: LineProblems): number | undefined {
  const value = record[field];
  if (typeof value === 'number') return value;
  problems.add(line, value === undefined ? `missing field "${field}"` : `${field}: expected a number, got ${JSON.stringify(value)}`);
  return undefined;
}

/** A field that is a list of block ids, numbers or text, as many as `expected` says; undefined, and a problem, where it is not. */
export function blocksAt(
  record: Readonly<Record<string, unknown>>,
  field: string,
  expected: { readonly count: number; readonly because: string } | undefined,
  line: number,
  problems: LineProblems,
): readonly (number | string)[] | undefined {
  const value = record[field];
  if (!Array.isArray(value)) {
    problems.add(line, value === undefined ? `missing field "${field}"` : `${field}: expected a list of block ids, got ${JSON.stringify(value)}`);
    return undefined;
  }
  const list = value as readonly unknown[];
  const wrong = list.find((id) => typeof id !== 'number' && typeof id !== 'string');
  if (wrong !== undefined) problems.add(line, `${field}: expected numbers or texts as block ids, got ${JSON.stringify(wrong)}`);
  else if (expected !== undefined && list.length !== expected.count)
    problems.add(line, `${field}: expected ${expected.count} block ids (${expected.because}), got ${list.length}`);
  else return list as readonly (number | string)[];
  return undefined;
}
