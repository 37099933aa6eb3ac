import type { Plugin } from 'vite';

/** What writes JSON Schema, and what goes through data that holds itself; the other exports of those files stand for themselves. */
const left = /[/\\]zod[/\\]v4[/\\]core[/\\](?:json-schema-processors|to-json-schema|memoizer)\.js$/;

/**
 * Leaves out of the engine what it does not use of zod, and zod keeps at hand in every schema, so that no bundler may drop it: the writer of JSON Schema,
 * since the form reads a file, and what lets a recursive schema go through data that holds itself, since no schema is.
 */
export function leanZod(): Plugin {
  return {
    name: 'supernode-lean-zod',
    transform(code, id) {
      if (!left.test(id)) return undefined;
      const names = [...code.matchAll(/^export (?:class|const|function) ([\w$]+)/gm)].map(([, name]) => name);
      if (names.length === 0) throw new Error(`${id}: expected exports by name`);
      const refused = `throw new Error('the page has no use for it');`;
      const exported = names.map((name) => `${name === 'memoizer' ? 'none' : 'absent'} as ${name}`);
      return { code: `const none = () => undefined;\nconst absent = () => { ${refused} };\nexport { ${exported.join(', ')} };`, map: null };
    },
  };
}
