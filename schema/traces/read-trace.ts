import { InputError } from '../../src/base/errors.ts';
import { expectedOneOf } from '../../src/base/nearest.ts';
import type { TraceColumns } from '../../src/serving/traffic/workload.ts';
import { detectFormat } from './detect.ts';
import { type TraceContent, type TraceFormat, type TraceReader, traceFormats } from './format.ts';
import { LineProblems } from './problems.ts';

/** A trace as it was read. */
export interface ReadTrace {
  readonly format: string;
  readonly content: TraceContent;
}

/**
 * The requests of a trace that has times for them.
 * @throws InputError for a trace of sessions.
 */
export function requestsOf({ format, content }: ReadTrace, path: string): TraceColumns {
  if (content.kind === 'requests') return content.columns;
  throw new InputError([{ path, message: `${format} has sessions, whose requests have no times of their own; expected a trace of requests` }]);
}

/**
 * The format of this name.
 * @throws InputError when there is none.
 */
export function formatNamed(name: string, at: string): TraceFormat {
  const format = traceFormats.find((candidate) => candidate.name === name);
  if (format !== undefined) return format;
  const names = traceFormats.map((candidate) => candidate.name);
  throw new InputError([{ path: at, message: `unknown trace format: ${expectedOneOf(name, names)}` }]);
}

/**
 * Reads a trace line by line, in a named format or in the one that its first line tells. Blank lines are passed over.
 * `path` stands in front of each problem.
 * @throws InputError with every problem and its line; at most twenty are listed and the rest counted.
 */
export async function readTrace(lines: AsyncIterable<string>, path: string, format?: TraceFormat): Promise<ReadTrace> {
  const problems = new LineProblems(path);
  let chosen = format;
  let reader: TraceReader | undefined;
  let number = 0;
  for await (const line of lines) {
    number++;
    if (line.trim() === '') continue;
    if (chosen === undefined) {
      const detected = detectFormat([line]);
      if (detected.format === undefined) throw new InputError([{ path: `${path}: line ${number}`, message: detected.problem }]);
      chosen = detected.format;
    }
    reader ??= chosen.open(problems);
    reader.line(line, number);
  }
  if (reader === undefined || chosen === undefined) throw new InputError([{ path, message: 'the file is empty' }]);
  return { format: chosen.name, content: reader.content() };
}
