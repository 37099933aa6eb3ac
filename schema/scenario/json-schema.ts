import { z } from 'zod';
import { scenarioFile } from './keys.ts';

/** JSON Schema of the scenario file, for editors. `schema/scenario.schema.json` is this, written down. */
export function scenarioJsonSchema(): object {
  return z.toJSONSchema(scenarioFile, { io: 'input' });
}
