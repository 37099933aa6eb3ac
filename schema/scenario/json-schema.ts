import { z } from 'zod';
import { scenarioFile } from './keys.ts';
import { lengthAlternatives, lengthFields } from './lengths.ts';

/** JSON Schema of the scenario file, for editors and forms. `schema/scenario.schema.json` is this, written down. */
export function scenarioJsonSchema(): object {
  const { tokens, laws } = lengthAlternatives;
  const lengths = { anyOf: [tokens, ...laws.map((law) => ({ ...z.toJSONSchema(law, { io: 'input' }), $schema: undefined }))] };
  return z.toJSONSchema(scenarioFile, {
    io: 'input',
    override: ({ zodSchema, jsonSchema }) => {
      if (lengthFields.has(zodSchema)) {
        const { description } = jsonSchema;
        delete jsonSchema.description;
        Object.assign(jsonSchema, lengths, { description });
      }
      // Examples are of what is typed: zod takes them away where a value is transformed.
      const examples = z.globalRegistry.get(zodSchema)?.['examples'];
      if (Array.isArray(examples)) jsonSchema.examples = examples as string[];
    },
  });
}
