import { z } from 'zod';
import { caseFile } from './keys.ts';

/** JSON Schema of the file of a case, for editors. `schema/case.schema.json` is this, written down. */
export function caseJsonSchema(): object {
  return z.toJSONSchema(caseFile, { io: 'input' });
}
