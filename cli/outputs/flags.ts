import type { Command } from 'commander';
import { InputError, type Issue } from '../../src/base/errors.ts';
import { parseQuantity } from '../../src/base/quantity.ts';
import type { TraceWindow } from '../../src/report/trace/output.ts';
import { wholeFlag } from '../flags.ts';
import { checkOutputs } from '../output.ts';
import { logEndings } from './event-log.ts';
import type { InputFile } from './inputs.ts';
import { tableEndings } from './table-file.ts';
import { traceEndings } from './trace-file.ts';

/** Flags that say which files a run leaves. */
export interface OutputFlags {
  readonly traceOut?: string;
  readonly traceWindow?: string;
  readonly traceRequests?: number;
  readonly requestsOut?: string;
  readonly seriesOut?: string;
  readonly eventsOut?: string;
}

/** Files that a run leaves, checked. */
export interface OutputPaths {
  readonly trace?: string | undefined;
  readonly traceWindow?: TraceWindow | undefined;
  readonly traceRequests?: number | undefined;
  readonly requests?: string | undefined;
  readonly series?: string | undefined;
  readonly events?: string | undefined;
}

/** Adds the flags to a verb. */
export function withOutputFlags(command: Command): Command {
  return command
    .option('--trace-out <file>', 'write the run as a trace for Perfetto: .perfetto-trace or .json, with .gz compressed')
    .option('--trace-window <from..to>', 'show this part of it in the trace, such as 10s..20s')
    .option('--trace-requests <n>', 'show so many requests in the trace (32)', wholeFlag(0))
    .option('--requests-out <file>', 'write a row for each request: .parquet, .csv or .jsonl')
    .option('--series-out <file>', 'write the metrics over time: .parquet, .csv or .jsonl')
    .option('--events-out <file>', 'write every event, so that --replay can run it again: .jsonl or .jsonl.gz');
}

/**
 * @param inputs what the run reads
 * @throws InputError with every flag that is wrong, and every file that cannot be written.
 */
export function outputPaths(flags: OutputFlags, others: Readonly<Record<string, string | undefined>>, inputs: () => readonly InputFile[]): OutputPaths {
  const { traceOut, requestsOut, seriesOut, eventsOut, traceRequests } = flags;
  const issues: Issue[] = [];
  const files = { '--trace-out': traceOut, '--requests-out': requestsOut, '--series-out': seriesOut, '--events-out': eventsOut };
  const endings = { '--trace-out': traceEndings, '--requests-out': tableEndings, '--series-out': tableEndings, '--events-out': logEndings } as const;
  for (const [flag, path] of Object.entries(files)) {
    const valid: readonly string[] = endings[flag as keyof typeof endings];
    if (path !== undefined && path !== '' && !valid.some((ending) => path.endsWith(ending)))
      issues.push({ path: flag, message: `expected a file that ends in ${valid.join(', ')}, got "${path}"` });
  }
  for (const [flag, value] of Object.entries({ '--trace-window': flags.traceWindow, '--trace-requests': traceRequests }))
    if (value !== undefined && traceOut === undefined) issues.push({ path: flag, message: 'is about a trace; expected --trace-out as well' });
  const window = flags.traceWindow === undefined ? undefined : windowOf(flags.traceWindow, issues);
  try {
    checkOutputs({ ...files, ...others }, inputs, Object.values(files));
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    issues.push(...error.issues);
  }
  if (issues.length > 0) throw new InputError(issues);
  return { trace: traceOut, traceWindow: window, traceRequests, requests: requestsOut, series: seriesOut, events: eventsOut };
}

function windowOf(typed: string, issues: Issue[]): TraceWindow | undefined {
  const path = '--trace-window';
  const [from = '', to = '', ...more] = typed.split('..');
  const ends = [from, to].map((text) => parseQuantity(text, 'time'));
  if (more.length > 0 || from === '' || to === '') issues.push({ path, message: `expected two times such as "10s..20s", got "${typed}"` });
  else {
    for (const { problem } of ends) if (problem !== undefined) issues.push({ path, message: problem });
    const [begin, end] = ends.map(({ value }) => value);
    if (begin === undefined || end === undefined) return undefined;
    if (begin >= 0 && begin < end) return { from: begin, to: end };
    issues.push({ path, message: `expected a time and a later one, got "${typed}"` });
  }
  return undefined;
}
