import { createReadStream, openSync, readSync, closeSync, statSync } from 'node:fs';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { InputError } from '../src/base/errors.ts';
import type { TraceColumns } from '../src/serving/traffic/workload.ts';
import { refusal, unread } from './file-problem.ts';
import { linesOf } from '../schema/traces/lines.ts';
import { formatNamed, type ReadTrace, readTrace, requestsOf } from '../schema/traces/read-trace.ts';

/**
 * Reads a trace file, gzipped or not, in the named format or in the one that its first line tells.
 * @throws InputError when there is no such file, or with everything that is wrong in it.
 */
export async function readTraceFile(path: string, format?: string): Promise<ReadTrace> {
  const chosen = format === undefined ? undefined : formatNamed(format, 'format');
  const there = statSync(path, { throwIfNoEntry: false });
  if (there?.isDirectory() === true) throw new InputError([{ path, message: 'is a folder; expected a trace file' }]);
  if (there?.isFile() !== true) throw new InputError([{ path, message: 'no such trace file' }]);
  try {
    return await readTrace(linesOf(textOf(path)), path, chosen);
  } catch (error) {
    if (refusal(error) !== undefined) throw unread(path, error);
    // zlib's own codes are problems of the input as well.
    if (error instanceof RangeError || (error instanceof Error && 'code' in error)) throw new InputError([{ path, message: error.message }]);
    throw error;
  }
}

/**
 * The requests of a trace file, as `readTraceFile`.
 * @throws InputError when there is no such file, or with everything that is wrong in it.
 */
export async function loadTrace(path: string, format?: string): Promise<TraceColumns> {
  return requestsOf(await readTraceFile(path, format), path);
}

/** A file's text in chunks; gzip is told by its first two bytes. */
export function textOf(path: string): AsyncIterable<string> {
  // Opened before a stream is made, which would tell of a file that cannot be opened when nobody listens yet.
  const gzipped = startsAsGzip(path);
  const file = createReadStream(path, { highWaterMark: 1 << 18 });
  if (!gzipped) return file.setEncoding('utf8') as AsyncIterable<string>;
  // The error of either stream ends the iteration over the second one.
  return pipeline(file, createGunzip({ chunkSize: 1 << 18 }), () => {}).setEncoding('utf8') as AsyncIterable<string>;
}

function startsAsGzip(path: string): boolean {
  const bytes = Buffer.alloc(2);
  const file = openSync(path, 'r');
  try {
    return readSync(file, bytes, 0, 2, 0) === 2 && bytes.readUInt16BE(0) === 0x1f8b;
  } finally {
    closeSync(file);
  }
}
