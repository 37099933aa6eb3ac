import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { InputError } from '../../src/base/errors.ts';

/**
 * The folder of the page as `npm run build` makes it.
 * @throws InputError where it is not built
 */
export function builtPage(): string {
  const folder = fileURLToPath(new URL('../../web/dist', import.meta.url));
  if (existsSync(`${folder}/index.html`)) return folder;
  throw new InputError([{ path: 'web/dist', message: 'the page is not built yet; expected `npm run build` (or `npm run ui`) before' }]);
}
