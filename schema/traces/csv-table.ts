import { nearest } from '../../src/base/nearest.ts';
import type { TraceReader } from './format.ts';
import { labelColumns, LabelReader } from './label-columns.ts';
import type { LineProblems } from './problems.ts';
import { type ColumnNames, TraceRows } from './rows.ts';

const number = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i;

/** A table whose header has the columns of one of `dialects`, in any order and among others. */
export function csvReader(dialects: readonly ColumnNames[], parseTime: (text: string) => number | string, problems: LineProblems): TraceReader {
  let header: readonly string[] | undefined;
  let names: ColumnNames | undefined;
  let rows: TraceRows | undefined;
  let labels: LabelReader | undefined;
  let timeAt = -1;
  let inputAt = -1;
  let outputAt = -1;

  function readHeader(found: readonly string[], line: number): void {
    header = found;
    names = dialects.find((dialect) => [dialect.time, dialect.input, dialect.output].every((name) => found.includes(name)));
    if (names === undefined) {
      problems.add(line, `columns: ${missing(found, dialects)}`);
      return;
    }
    for (const name of [names.time, names.input, names.output, ...labelColumns])
      if (found.indexOf(name) !== found.lastIndexOf(name)) problems.add(line, `columns: "${name}" is there twice`);
    timeAt = found.indexOf(names.time);
    inputAt = found.indexOf(names.input);
    outputAt = found.indexOf(names.output);
    rows = new TraceRows(problems, names, 0);
    labels = new LabelReader(problems, found);
  }

  function tokens(text: string, name: string, line: number): number | undefined {
    if (number.test(text)) return Number(text);
    problems.add(line, text === '' ? `${name}: nothing there; expected a number of tokens` : `${name}: expected a number of tokens, got "${text}"`);
    return undefined;
  }

  return {
    line(text, line) {
      const cells = text.split(',').map(unquoted);
      if (header === undefined) {
        readHeader(cells, line);
        return;
      }
      if (rows === undefined || names === undefined) return;
      if (cells.length !== header.length) {
        problems.add(line, `expected ${header.length} fields as in the header, got ${cells.length}`);
        return;
      }
      const time = parseTime(cells[timeAt] ?? '');
      if (typeof time === 'string') problems.add(line, `${names.time}: ${time}`);
      const input = tokens(cells[inputAt] ?? '', names.input, line);
      const output = tokens(cells[outputAt] ?? '', names.output, line);
      rows.add(line, { time: typeof time === 'string' ? undefined : time, input, output, labels: labels?.read(cells, line) });
    },
    content() {
      if (header === undefined) problems.add(0, `the file is empty; expected a header such as ${example(dialects)}`);
      else if (rows !== undefined) return rows.content(labels?.tenants);
      problems.throwIfAny();
      throw new Error('bug: a table without columns has a problem');
    },
  };
}

/** `"  12 "` is 12: space and one pair of quotes around a cell mean nothing. */
function unquoted(cell: string): string {
  const text = cell.trim();
  return text.length >= 2 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, -1).trim() : text;
}

function example(dialects: readonly ColumnNames[]): string {
  return dialects.map(({ time, input, output }) => `${time},${input},${output}`).join(' or ');
}

/** What the nearest dialect misses, with what may have been meant. */
function missing(found: readonly string[], dialects: readonly ColumnNames[]): string {
  const lacks = dialects.map(({ time, input, output }) => [time, input, output].filter((name) => !found.includes(name)));
  const least = lacks.reduce((best, names) => (names.length < best.length ? names : best));
  const meant = least.map((name) => {
    const near = nearest(name, found);
    return near === undefined ? name : `${name} (is it "${near}"?)`;
  });
  return `missing ${meant.join(', ')}; expected ${example(dialects)}`;
}

/** Reads a number of seconds; text says why not. */
export function secondsOf(text: string): number | string {
  if (number.test(text)) return Number(text);
  return text === '' ? 'nothing there; expected a time in seconds' : `expected a time in seconds, got "${text}"`;
}
