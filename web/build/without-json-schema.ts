import type { Plugin } from 'vite';

const left = /[/\\]zod[/\\]v4[/\\]core[/\\](?:json-schema-processors|to-json-schema)\.js$/;

/**
 * Leaves out of the engine what zod writes JSON Schema with: the engine only checks by its schemas, and the form reads a file. Zod keeps that writer at
 * hand in every schema, so that no bundler may drop it.
 */
export function withoutJsonSchema(): Plugin {
  return {
    name: 'supernode-without-json-schema',
    transform(code, id) {
      if (!left.test(id)) return undefined;
      const names = [...code.matchAll(/^export (?:const|function) (\w+)/gm)].map(([, name]) => name);
      if (names.length === 0) throw new Error(`${id}: expected exports by name`);
      const refused = `throw new Error('the page writes no JSON Schema');`;
      return { code: `const absent = () => { ${refused} };\nexport { ${names.map((name) => `absent as ${name}`).join(', ')} };`, map: null };
    },
  };
}
