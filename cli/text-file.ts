import { readFileSync, statSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { InputError } from '../src/base/errors.ts';
import { lookedFor } from './looked-for.ts';

/**
 * The text of a file, gzipped or not.
 * @param shown its name in errors
 * @param base as `lookedFor` takes it
 * @throws InputError at `at` when it is not there or is no text
 */
export function readText(path: string, shown: string, at: string, base?: string): string {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true)
    throw new InputError([{ path: at, message: `no such file: ${shown}${lookedFor(shown, base)}` }]);
  try {
    const bytes = readFileSync(path);
    return (bytes.length > 1 && bytes.readUInt16BE(0) === 0x1f8b ? gunzipSync(bytes) : bytes).toString('utf8');
  } catch (error) {
    throw new InputError([{ path: at, message: `${shown}: ${error instanceof Error ? error.message : String(error)}` }]);
  }
}
