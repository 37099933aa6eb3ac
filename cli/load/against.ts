import { InputError } from '../../src/base/errors.ts';
import type { Summary } from '../../src/report/summary.ts';
import { readText } from '../text-file.ts';

/**
 * A result that was written before.
 * @throws InputError where it is none
 */
export function resultIn(path: string): Summary {
  let value: unknown;
  try {
    // JSON has no NaN: what a client could not see was written as null.
    value = JSON.parse(readText(path, path, '--against'), (_, inner: unknown) => inner ?? NaN);
  } catch (error) {
    if (error instanceof InputError) throw error;
    throw new InputError([{ path, message: `is no JSON: ${error instanceof Error ? error.message : String(error)}` }]);
  }
  const { schema } = (typeof value === 'object' && value !== null ? value : {}) as { readonly schema?: unknown };
  if (schema !== 'supernode/simulate/1' && schema !== 'supernode/load/1')
    throw new InputError([{ path, message: `has the schema ${JSON.stringify(schema) ?? 'none'}; expected a result that simulate --out or load --out wrote` }]);
  return value as Summary;
}
