import { z } from 'zod';
import { scenarioFile } from './keys.ts';

/** JSON Schema of the scenario file, for editors and forms. `schema/scenario.schema.json` is this, written down. */
export function scenarioJsonSchema(): object {
  return z.toJSONSchema(scenarioFile, {
    io: 'input',
    // Examples are of what is typed: zod takes them away where a value is transformed.
    override: ({ zodSchema, jsonSchema }) => {
      const examples = z.globalRegistry.get(zodSchema)?.['examples'];
      if (Array.isArray(examples)) jsonSchema.examples = examples as string[];
    },
  });
}
