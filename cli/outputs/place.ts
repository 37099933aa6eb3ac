import { realpathSync, statSync, type Stats } from 'node:fs';
import { basename, dirname, join, resolve } from 'node:path';

/** What is at a path; undefined where nothing is, or nothing that may be looked at. */
export function thereAt(path: string): Stats | undefined {
  try {
    return statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** The same text for all names of one file: `./`, symbolic and hard links are seen through. Devices go by their names. */
export function placeOf(path: string): string {
  const there = thereAt(path);
  if (there?.isFile() === true) return `${there.dev}:${there.ino}`;
  const folder = dirname(resolve(path));
  return there === undefined && thereAt(folder)?.isDirectory() === true ? join(realpathSync(folder), basename(path)) : resolve(path);
}
