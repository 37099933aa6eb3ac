import type { Plugin } from 'vite';

/** What writes JSON Schema, what goes through data that holds itself, and what writes code for a schema. */
const left = /[/\\]zod[/\\]v4[/\\]core[/\\](?:json-schema-processors|to-json-schema|memoizer|doc)\.js$/;
const schemas = /[/\\]zod[/\\]v4[/\\]core[/\\]schemas\.js$/;
/** Asks whether code is to be written for a schema: web/worker/checks.ts says no. */
const asks = 'const jit = !core.globalConfig.jitless;';

/**
 * Leaves out of the engine what it does not use of zod, and zod keeps at hand in every schema, so that no bundler may drop it: the writer of JSON Schema,
 * since the form reads a file; what lets a recursive schema go through data that holds itself, since no schema is; and code that is compiled for a schema.
 */
export function leanZod(): Plugin {
  return {
    name: 'supernode-lean-zod',
    transform(code, id) {
      if (schemas.test(id)) {
        if (!code.includes(asks)) throw new Error(`${id}: expected ${asks}`);
        return { code: code.replace(asks, 'const jit = false;'), map: null };
      }
      if (!left.test(id)) return undefined;
      const names = [...code.matchAll(/^export (?:class|const|function) ([\w$]+)/gm)].map(([, name]) => name);
      if (names.length === 0) throw new Error(`${id}: expected exports by name`);
      const refused = `throw new Error('the page has no use for it');`;
      const exported = names.map((name) => `${name === 'memoizer' ? 'none' : 'absent'} as ${name}`);
      return { code: `const none = () => undefined;\nconst absent = () => { ${refused} };\nexport { ${exported.join(', ')} };`, map: null };
    },
  };
}
