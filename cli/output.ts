import { accessSync, constants } from 'node:fs';
import { dirname } from 'node:path';
import process from 'node:process';
import { InputError } from '../src/base/errors.ts';
import type { Issue } from '../src/base/errors.ts';
import { refusal } from './file-problem.ts';
import type { InputFile } from './outputs/inputs.ts';
import { placeOf, thereAt } from './outputs/place.ts';
import { closedFor } from './outputs/whole.ts';

/**
 * Looks at the files that a command is going to write, before it starts.
 * @param files by their flags, such as `--html`
 * @param inputs what the command reads; asked for only where a file that is there would be written
 * @param replaced those that are written under another name first: their folder has to be open too
 * @throws InputError for each that cannot be written, is read, or is written by another flag as well.
 */
export function checkOutputs(
  files: Readonly<Record<string, string | undefined>>,
  inputs: () => readonly InputFile[],
  replaced: readonly (string | undefined)[] = [],
): void {
  const over = Object.values(files).some((path) => path !== undefined && thereAt(path)?.isFile() === true);
  const read = new Map(over ? inputs().map(({ path, what }) => [placeOf(path), what]) : []);
  const flagOf = new Map<string, string>();
  const issues = Object.entries(files).flatMap(([flag, path]): readonly Issue[] => {
    if (path === undefined) return [];
    const place = placeOf(path);
    const other = flagOf.get(place);
    flagOf.set(place, flag);
    if (other !== undefined) return [{ path: flag, message: `${path} is written by ${other} as well; expected a file of its own` }];
    const what = read.get(place);
    const problem = what === undefined ? outputProblem(path, replaced.includes(path)) : `${path} is ${what}; expected another file`;
    return problem === undefined ? [] : [{ path: flag, message: problem }];
  });
  if (issues.length > 0) throw new InputError(issues);
}

function outputProblem(path: string, replaced: boolean): string | undefined {
  if (path === '') return 'expected the path of a file to write, got ""';
  const there = thereAt(path);
  if (there?.isDirectory() === true) return `${path} is a folder; expected the path of a file to write`;
  const folder = dirname(path);
  if (thereAt(folder)?.isDirectory() !== true) return `no such folder: ${folder}; expected a file in a folder that exists`;
  const needed = [...(there === undefined || (replaced && there.isFile()) ? [folder] : []), ...(there === undefined ? [] : [path])];
  for (const place of needed) {
    const reason = place === folder ? closedFor(folder) : lockedFor(path);
    if (reason !== undefined) return `${place} cannot be written (${reason}); expected a file that can`;
  }
  return undefined;
}

/** Why a file cannot be written over. */
function lockedFor(path: string): string | undefined {
  try {
    accessSync(path, constants.W_OK);
    return undefined;
  } catch (error) {
    return refusal(error) ?? String(error);
  }
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

/** What is said of the files that a result was written to. */
export function wrote({ out, html }: { readonly out?: string | undefined; readonly html?: string | undefined }): readonly string[] {
  return [out, html].flatMap((path) => (path === undefined ? [] : [`wrote ${path}`]));
}

/** Lines behind a report, or beside JSON. */
export function tell(lines: readonly string[], json: boolean): void {
  if (lines.length === 0) return;
  const text = `${lines.join('\n')}\n`;
  if (json) process.stderr.write(text);
  else process.stdout.write(`\n${text}`);
}
