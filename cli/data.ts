import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parse, YAMLParseError } from 'yaml';
import { InputError } from '../src/base/errors.ts';
import { expectedOneOf } from '../src/base/nearest.ts';

export type DataFolder = 'chips' | 'libraries' | 'machines' | 'models' | 'stacks' | 'workloads';

const root = fileURLToPath(new URL('../data/', import.meta.url));

/** A file of facts as it was read: its place on disk and its parsed content. */
export interface DataFile {
  readonly path: string;
  readonly value: unknown;
}

/** Names in a folder of the catalogue, sorted. */
export function dataNames(folder: DataFolder): readonly string[] {
  return readdirSync(join(root, folder))
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length))
    .sort((a, b) => (a < b ? -1 : 1));
}

/**
 * Reads YAML or JSON text.
 * @throws InputError for an empty or broken file, with the line.
 */
export function parseFile(path: string): unknown {
  const text = readFileSync(path, 'utf8');
  if (text.trim() === '') throw new InputError([{ path, message: 'the file is empty' }]);
  try {
    return parse(text, { prettyErrors: true }) as unknown;
  } catch (error) {
    if (!(error instanceof YAMLParseError)) throw error;
    const line = error.linePos?.[0].line;
    // The place stands in front already.
    const message = (error.message.split('\n')[0] ?? '').replace(/ at line \d+, column \d+:?$/, '');
    throw new InputError([{ path: line === undefined ? path : `${path}: line ${line}`, message }]);
  }
}

/**
 * A file of facts by its name in the catalogue or by its path (relative to `base`).
 * @throws InputError when there is neither, or the file is empty or broken.
 */
export function readData(folder: DataFolder, nameOrPath: string, at: string, base: string = process.cwd()): DataFile {
  const named = join(root, folder, `${nameOrPath}.yaml`);
  if (!/[/\\]/.test(nameOrPath) && existsSync(named)) return { path: named, value: parseFile(named) };
  const path = isAbsolute(nameOrPath) ? nameOrPath : resolve(base, nameOrPath);
  if (existsSync(path) && statSync(path).isFile()) return { path, value: parseFile(path) };
  const names = dataNames(folder);
  const what = folder === 'libraries' ? 'library' : folder.slice(0, -1);
  throw new InputError([
    {
      path: at,
      message: /[/\\]|\.(ya?ml|json)$/.test(nameOrPath) ? `no such ${what} file: ${nameOrPath}` : `unknown ${what}: ${expectedOneOf(nameOrPath, names)}`,
    },
  ]);
}
