import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { linesOf } from '../schema/traces/lines.ts';
import { type PoolChoice, readServeGen } from '../schema/traces/servegen.ts';
import { InputError } from '../src/base/errors.ts';
import { expectedOneOf } from '../src/base/nearest.ts';
import type { ClientPool } from '../src/serving/traffic/client-pool.ts';
import { refusal, unread } from './file-problem.ts';
import { textOf } from './traces.ts';

const ending = /\.trace\.csv(\.gz)?$/;

/** Client pools in a folder, by name. */
function poolsIn(folder: string): readonly string[] {
  return filesIn(folder)
    .filter((file) => ending.test(file))
    .map((file) => file.replace(ending, ''))
    .sort((a, b) => (a < b ? -1 : 1));
}

function filesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    throw unread(folder, error);
  }
}

/**
 * A client pool of a ServeGen folder: `NAME.trace.csv` and `NAME.dataset.jsonl`, gzipped or not.
 * @throws InputError when there is none of that name, or with everything that is wrong in its files
 */
export async function loadServeGen(folder: string, choice: PoolChoice, at: string): Promise<ClientPool> {
  const names = poolsIn(folder);
  const name = choice.name ?? (names.length === 1 ? names[0] : undefined);
  if (names.length === 0) throw new InputError([{ path: at, message: `no client pool in ${folder}; expected NAME.trace.csv and NAME.dataset.jsonl in it` }]);
  if (name === undefined) throw new InputError([{ path: at, message: `${folder} has ${names.length} client pools; expected a pool: ${names.join(', ')}` }]);
  if (!names.includes(name)) throw new InputError([{ path: at, message: `unknown pool: ${expectedOneOf(name, names)}` }]);
  const place = (file: string): string => {
    const found = [`${file}.gz`, file].map((one) => join(folder, one)).find((path) => existsSync(path));
    if (found === undefined) throw new InputError([{ path: at, message: `no such file: ${join(folder, file)}` }]);
    return found;
  };
  const [ratesPath, lengthsPath] = [place(`${name}.trace.csv`), place(`${name}.dataset.jsonl`)];
  try {
    return await readServeGen({ rates: linesOf(textOf(ratesPath)), lengths: linesOf(textOf(lengthsPath)), ratesPath, lengthsPath }, choice, at);
  } catch (error) {
    if (refusal(error) !== undefined) throw unread(folder, error);
    if (error instanceof RangeError || (error instanceof Error && 'code' in error)) throw new InputError([{ path: lengthsPath, message: error.message }]);
    throw error;
  }
}
