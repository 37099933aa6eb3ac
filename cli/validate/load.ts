import { readdirSync, statSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { checkUnique, readCase } from '../../schema/case/read.ts';
import type { CaseContext } from '../../schema/case/question.ts';
import { InputError, type Issue } from '../../src/base/errors.ts';
import type { LedgerCase } from '../../src/ledger/case.ts';
import { parseFile } from '../data.ts';
import { contextAt } from '../scenario.ts';

/** The cases that are shipped. */
export const shippedCases: string = fileURLToPath(new URL('../../validation/cases/', import.meta.url));

/** Files of cases: those named, and all YAML and JSON files of the folders named and of the folders in them, by name. */
function filesOf(paths: readonly string[]): readonly string[] {
  const issues: Issue[] = [];
  const files = paths.flatMap((path) => {
    const there = statSync(path, { throwIfNoEntry: false });
    if (there === undefined) issues.push({ path, message: 'no such file or folder of cases' });
    if (there?.isDirectory() !== true) return [path];
    const inside = readdirSync(path, { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(ya?ml|json)$/.test(name))
      .sort((a, b) => (a < b ? -1 : 1));
    if (inside.length === 0) issues.push({ path, message: 'no case in this folder: expected files that end in .yaml, .yml or .json' });
    return inside.map((name) => join(path, name));
  });
  if (issues.length > 0) throw new InputError(issues);
  return files;
}

/** Names as a terminal shows them: below the working directory by their relative paths. */
function shown(path: string): string {
  const short = relative(process.cwd(), path);
  return short.startsWith('..') ? path : short;
}

/** Machines, models and stacks are read once for all cases that name them alike from one place. */
function remembering(base: string, known: Map<string, unknown>): CaseContext {
  const context = contextAt(base);
  const once =
    <T>(what: string, load: (name: string, at: string) => T): ((name: string, at: string) => T) =>
    (name, at) => {
      const key = /[/\\]|\.(ya?ml|json)/.test(name) ? `${what} ${base} ${name}` : `${what} ${name}`;
      if (!known.has(key)) known.set(key, load(name, at));
      return known.get(key) as T;
    };
  return {
    ...context,
    machine: once('machine', context.machine),
    model: once('model', context.model),
    stack: once('stack', context.stack),
    scenario: (path, at) => {
      const place = resolve(base, path);
      if (statSync(place, { throwIfNoEntry: false })?.isFile() !== true) throw new InputError([{ path: at, message: `no such scenario file: ${path}` }]);
      return { value: parseFile(place), context: contextAt(dirname(place)) };
    },
  };
}

/**
 * Cases of files and folders, in the order of their names.
 * @throws InputError with everything that is wrong with all of them
 */
export async function loadCases(paths: readonly string[]): Promise<readonly LedgerCase[]> {
  const issues: Issue[] = [];
  const known = new Map<string, unknown>();
  const cases: LedgerCase[] = [];
  for (const file of filesOf(paths)) {
    try {
      cases.push(await readCase(parseFile(file), shown(resolve(file)), remembering(dirname(resolve(file)), known)));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      issues.push(...error.issues);
    }
  }
  if (issues.length > 0) throw new InputError(issues);
  checkUnique(cases);
  return cases;
}
