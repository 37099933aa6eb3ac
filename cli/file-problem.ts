import { getSystemErrorMessage } from 'node:util';
import { InputError } from '../src/base/errors.ts';

/** Why the system refused something, in its own words; undefined for any other error. */
export function refusal(error: unknown): string | undefined {
  if (!(error instanceof Error && 'syscall' in error && 'errno' in error && typeof error.errno === 'number')) return undefined;
  return getSystemErrorMessage(error.errno);
}

/** A file that could not be written when it came to it, such as on a full disk. */
export class WriteError extends Error {
  override readonly name = 'WriteError';
}

/** What to throw where writing `path` failed: other errors than the system's are left as they are. */
export function unwritten(path: string, error: unknown): unknown {
  const reason = refusal(error);
  return reason === undefined ? error : new WriteError(`${path} cannot be written: ${reason}`, { cause: error });
}

/** What to throw where reading `path` failed, likewise. */
export function unread(path: string, error: unknown): unknown {
  const reason = refusal(error);
  return reason === undefined ? error : new InputError([{ path, message: `cannot be read (${reason}); expected one that can` }]);
}
