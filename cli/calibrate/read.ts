import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { constantsOf } from '../../schema/tables/csv.ts';
import { type OperatorTable, readTable } from '../../schema/tables/read-table.ts';
import { linesOf } from '../../schema/traces/lines.ts';
import { InputError } from '../../src/base/errors.ts';
import { textOf } from '../traces.ts';

/** Folders above a table in which its index is looked for. */
const ABOVE = 3;

/**
 * Reads a table of operator times, gzipped or not. Columns with one value may stand in an `INDEX.tsv` in a folder above it.
 * @throws InputError when there is no such file, or with everything that is wrong in it
 */
export async function readOperatorTable(path: string): Promise<OperatorTable> {
  const there = statSync(path, { throwIfNoEntry: false });
  if (there?.isDirectory() === true) throw new InputError([{ path, message: 'is a folder; expected a table of operator times' }]);
  if (there?.isFile() !== true) throw new InputError([{ path, message: 'no such table' }]);
  try {
    return await readTable(linesOf(textOf(path)), path, constantsBeside(path));
  } catch (error) {
    // zlib's own codes, and a file that cannot be read, are problems of the input as well.
    if (error instanceof RangeError || (error instanceof Error && 'code' in error)) throw new InputError([{ path, message: error.message }]);
    throw error;
  }
}

const indexes: Map<string, string> = new Map();

function constantsBeside(path: string): ReadonlyMap<string, string> {
  let folder = dirname(path);
  for (let level = 0; level < ABOVE; level++) {
    const index = join(folder, 'INDEX.tsv');
    if (existsSync(index)) {
      const text = indexes.get(index) ?? readFileSync(index, 'utf8');
      indexes.set(index, text);
      return constantsOf(text, path.replaceAll('\\', '/'));
    }
    folder = dirname(folder);
  }
  return new Map();
}
