import { InputError } from '../../src/base/errors.ts';
import { listFrom } from '../configured.ts';

/**
 * Origins of pages that may use the API: one by one, or as a list in JSON as vLLM takes it.
 * @throws InputError with all that are none
 */
export function originsOf(given: readonly string[] | string | undefined): readonly string[] {
  const origins = listFrom(given).map((text) => text.replaceAll(/^[\s["]+|[\s\]"]+$/g, ''));
  const issues = origins
    .filter((origin) => origin !== '*' && !(URL.canParse(origin) && new URL(origin).origin === origin))
    .map((origin) => ({ path: '--allowed-origins', message: `expected * or an origin such as https://example.com:8080, got "${origin}"` }));
  if (issues.length > 0) throw new InputError(issues);
  return origins;
}
