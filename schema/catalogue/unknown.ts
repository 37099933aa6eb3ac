import { InputError } from '../../src/base/errors.ts';
import { expectedOneOf } from '../../src/base/nearest.ts';
import type { DataFolder } from './catalogue.ts';

/** What to say of a name that is in no catalogue and of no file. @param place where a file was looked for, to be said behind its name */
export function unknownData(folder: DataFolder, nameOrPath: string, at: string, names: readonly string[], place: string = ''): InputError {
  const what = folder === 'libraries' ? 'library' : folder.slice(0, -1);
  const isPath = /[/\\]|\.(ya?ml|json)$/.test(nameOrPath);
  const message = isPath ? `no such ${what} file: ${nameOrPath}${place}` : `unknown ${what}: ${expectedOneOf(nameOrPath, names)}`;
  return new InputError([{ path: at, message }]);
}
