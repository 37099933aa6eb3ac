import type { RecordedSessions } from '../../src/serving/traffic/session.ts';
import type { TraceColumns } from '../../src/serving/traffic/workload.ts';
import { azure } from './azure.ts';
import { csv } from './csv.ts';
import { llmservingsim } from './llmservingsim.ts';
import { mooncake } from './mooncake.ts';
import type { LineProblems } from './problems.ts';
import { traceFormatNames, type TraceFormatName } from './names.ts';
import { weka } from './weka.ts';

/** What is in a trace: requests that arrive at their times, or sessions whose requests wait for each other. */
export type TraceContent = { readonly kind: 'requests'; readonly columns: TraceColumns } | { readonly kind: 'sessions'; readonly sessions: RecordedSessions };

/** Reads the lines of one file, in order, blank ones left out. */
export interface TraceReader {
  line(text: string, number: number): void;
  /** @throws InputError with every problem of the file. */
  content(): TraceContent;
}

/** A file format of request traces. */
export interface TraceFormat {
  readonly name: TraceFormatName;
  readonly summary: string;
  /** Columns or keys that a file of this format has, one list for each way to name them. */
  readonly fields: readonly (readonly string[])[];
  readonly kind: 'csv' | 'jsonl';
  open(problems: LineProblems): TraceReader;
}

const formats: Readonly<Record<TraceFormatName, TraceFormat>> = { mooncake, llmservingsim, azure, csv, weka };

export const traceFormats: readonly TraceFormat[] = traceFormatNames.map((name) => formats[name]);
