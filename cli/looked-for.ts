import { isAbsolute, resolve } from 'node:path';

/**
 * What to say behind the name of a file that is not there: where it was looked for, and why there. Nothing where the name says it whole.
 * @param base folder of the file that names it; absent for the command line
 */
export function lookedFor(named: string, base: string | undefined): string {
  if (isAbsolute(named)) return '';
  const starts = base === undefined ? 'of a command line starts at the working folder' : 'in a file, or in a --set for it, starts at the folder of that file';
  return `; expected ${resolve(base ?? '', named)}: a path ${starts}`;
}
