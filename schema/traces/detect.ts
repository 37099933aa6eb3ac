import { type TraceFormat, traceFormats } from './format.ts';

/** The format, or why none fits. */
export type Detected = { readonly format: TraceFormat; readonly problem?: undefined } | { readonly format?: undefined; readonly problem: string };

/** Tells the format from the first line that is not blank: the header of a table, or the keys of a JSON object. */
export function detectFormat(firstLines: readonly string[]): Detected {
  const first = firstLines.find((line) => line.trim() !== '')?.trim();
  if (first === undefined) return { problem: 'the file is empty' };
  if (first.startsWith('[')) return { problem: 'a JSON list; expected one JSON object a line' };
  const kind = first.startsWith('{') ? 'jsonl' : 'csv';
  const found = kind === 'jsonl' ? keysOf(first) : first.split(',').map((cell) => cell.trim().replaceAll('"', ''));
  const format = traceFormats.find((format) => format.kind === kind && format.fields.some((fields) => fields.every((field) => found.includes(field))));
  if (format !== undefined) return { format };
  const partly = traceFormats.find((format) => format.kind === kind && format.fields.some((fields) => fields.some((field) => found.includes(field))));
  if (partly !== undefined) return { format: partly };
  const known = traceFormats.map(({ name, summary }) => `${name} (${summary})`).join('; ');
  const shown = found.slice(0, 8).join(', ').slice(0, 120);
  return { problem: `unknown trace format with the ${kind === 'jsonl' ? 'keys' : 'columns'} ${shown}; expected one of ${known}` };
}

/** Top-level keys, also of an object that is broken further on. */
function keysOf(line: string): readonly string[] {
  try {
    return Object.keys(JSON.parse(line) as object);
  } catch {
    return [...line.matchAll(/"([^"]+)"\s*:/g)].map((match) => match[1] ?? '');
  }
}
