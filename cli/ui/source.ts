import { existsSync, readFileSync } from 'node:fs';
import { basename, dirname, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { parseFile } from '../data.ts';

/** A scenario file as a page takes it: its content, and the files that it names. */
export interface PageSource {
  readonly name: string;
  readonly value: unknown;
  readonly files: readonly { readonly name: string; readonly text: string }[];
}

/** @throws InputError where the file is broken; what is wrong with the scenario, the page says */
export function pageSource(path: string): PageSource {
  const value = parseFile(path);
  const folder = dirname(resolve(path));
  return { name: basename(path).replace(/\.(ya?ml|json)$/, ''), value, files: filesIn(value, folder, new Set()) };
}

/** Files beside `folder` that texts anywhere in a value name, and those that they name. */
function filesIn(value: unknown, folder: string, seen: Set<string>): PageSource['files'] {
  if (typeof value === 'object' && value !== null) return Object.values(value).flatMap((inner) => filesIn(inner, folder, seen));
  if (typeof value !== 'string' || !/\.(ya?ml|jsonl?|csv|txt)(\.gz)?$/.test(value)) return [];
  const path = resolve(folder, value);
  if (seen.has(path) || !existsSync(path)) return [];
  seen.add(path);
  const bytes = readFileSync(path);
  const text = (path.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
  return [{ name: basename(path), text }, ...(/\.ya?ml$/.test(path) ? filesIn(parseFile(path), dirname(path), seen) : [])];
}
