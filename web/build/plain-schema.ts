import type { Plugin } from 'vite';

/** A node of a parsed module, as far as it is looked at. */
interface Node {
  readonly type?: unknown;
  readonly value?: unknown;
  readonly start?: number;
  readonly end?: number;
}

const schemas = /[/\\]schema[/\\].*\.ts$/;
/** A whole sentence: what a key is for. What readers say of a value is none. */
const sentence = /^[A-Z`].* .* .*\.$/s;

/** Leaves out of the engine what editors say of each key of a scenario: the form reads that from a file of its own. */
export function plainSchema(): Plugin {
  return {
    name: 'supernode-plain-schema',
    transform(code, id) {
      if (!schemas.test(id)) return undefined;
      let plain = '';
      let from = 0;
      for (const { start, end } of sentences(this.parse(code))) {
        plain += `${code.slice(from, start)}''`;
        from = end;
      }
      return from === 0 ? undefined : { code: plain + code.slice(from), map: null };
    },
  };
}

/** Where texts that are sentences begin and end, in order. */
function sentences(value: unknown): readonly { readonly start: number; readonly end: number }[] {
  if (typeof value !== 'object' || value === null) return [];
  const { type, value: text, start, end } = value as Node;
  if (type === 'Literal' && typeof text === 'string' && sentence.test(text) && start !== undefined && end !== undefined) return [{ start, end }];
  return Object.values(value).flatMap(sentences);
}
