import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { DataFile, DataFolder } from '../schema/catalogue/catalogue.ts';
import { unknownData } from '../schema/catalogue/unknown.ts';
import { parseText } from '../schema/parse.ts';
import { unread } from './file-problem.ts';
import { lookedFor } from './looked-for.ts';

const root = fileURLToPath(new URL('../data/', import.meta.url));

/** Names in a folder of the catalogue, sorted. */
export function dataNames(folder: DataFolder): readonly string[] {
  return readdirSync(join(root, folder))
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length))
    .sort((a, b) => (a < b ? -1 : 1));
}

/** Reads and parses a YAML or JSON file, as `parseText`. @throws InputError where it cannot be read or parsed */
export function parseFile(path: string): unknown {
  return parseText(textOf(path), path);
}

function textOf(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    throw unread(path, error);
  }
}

/** Every file of the catalogue. */
export function dataFiles(): readonly string[] {
  return readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ parentPath, name }) => join(parentPath, name));
}

/**
 * A file of facts by its name in the catalogue or by its path (relative to `base`, the working folder where there is none).
 * @throws InputError when there is neither, or the file is empty or broken.
 */
export function readData(folder: DataFolder, nameOrPath: string, at: string, base?: string): DataFile {
  const named = join(root, folder, `${nameOrPath}.yaml`);
  if (!/[/\\]/.test(nameOrPath) && existsSync(named)) return { path: named, value: parseFile(named) };
  const path = resolve(base ?? '', nameOrPath);
  if (existsSync(path) && statSync(path).isFile()) return { path, value: parseFile(path) };
  throw unknownData(folder, nameOrPath, at, dataNames(folder), lookedFor(nameOrPath, base));
}
