import { accessSync, constants, statSync } from 'node:fs';
import { dirname } from 'node:path';
import process from 'node:process';
import { InputError } from '../src/base/errors.ts';
import type { Issue } from '../src/base/errors.ts';

/**
 * Looks at the files that a command is going to write, before it starts.
 * @param files by their flags, such as `--html`
 * @throws InputError for each that cannot be written.
 */
export function checkOutputs(files: Readonly<Record<string, string | undefined>>): void {
  const issues = Object.entries(files).flatMap(([flag, path]): readonly Issue[] => {
    const problem = path === undefined ? undefined : outputProblem(path);
    return problem === undefined ? [] : [{ path: flag, message: problem }];
  });
  if (issues.length > 0) throw new InputError(issues);
}

function outputProblem(path: string): string | undefined {
  if (path === '') return 'expected the path of a file to write, got ""';
  const there = statSync(path, { throwIfNoEntry: false });
  if (there?.isDirectory() === true) return `${path} is a folder; expected the path of a file to write`;
  const folder = dirname(path);
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true) return `no such folder: ${folder}; expected a file in a folder that exists`;
  try {
    accessSync(there === undefined ? folder : path, constants.W_OK);
  } catch {
    return `${there === undefined ? folder : path} cannot be written; expected a file that can`;
  }
  return undefined;
}

/** How reports are set for where stdout goes: its width, and colour only on a terminal that wants it. */
export function terminalOptions(): { readonly width: number; readonly colour: boolean } {
  const { stdout, env } = process;
  return { width: stdout.isTTY ? Math.max(80, stdout.columns) : 110, colour: stdout.isTTY && env['NO_COLOR'] === undefined };
}

/** A command line that can be pasted into a shell. */
export function commandLine(args: readonly string[]): string {
  return ['npx', 'supernode', ...args].map((arg) => (/^[\w./:=,@%+*-]+$/.test(arg) ? arg : `'${arg.replaceAll("'", String.raw`'\''`)}'`)).join(' ');
}
