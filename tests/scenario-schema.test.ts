import { readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { scenarioJsonSchema } from '../schema/scenario/json-schema.ts';

interface Node {
  readonly type?: string;
  readonly description?: string;
  readonly properties?: Readonly<Record<string, Node>>;
  readonly additionalProperties?: boolean;
}

const schema = scenarioJsonSchema() as Node;

function nodes(node: Node, path: string): readonly (readonly [string, Node])[] {
  return [[path, node], ...Object.entries(node.properties ?? {}).flatMap(([key, inner]) => nodes(inner, `${path}.${key}`))];
}

test('the JSON Schema for editors is the schema of the door (`npx vitest run tests/scenario-schema.test.ts -u` writes it)', async () => {
  await expect(`${JSON.stringify(schema, null, 2)}\n`).toMatchFileSnapshot('../schema/scenario.schema.json');
});

test('every key is documented, and no map takes keys that are not', () => {
  for (const [path, node] of nodes(schema, 'scenario')) {
    expect(node.description ?? '', path).toMatch(/\w.*\.$/);
    if (node.properties !== undefined) expect(node.additionalProperties, path).toBe(false);
  }
});

test('every key is in the guide', () => {
  const guide = readFileSync(new URL('../docs/guide/scenario.md', import.meta.url), 'utf8');
  for (const [path] of nodes(schema, 'scenario').slice(1)) expect(guide, path).toContain(`\`${path.split('.').at(-1)}\``);
});

test('the examples use only keys of the schema', () => {
  const folder = new URL('../examples/', import.meta.url);
  for (const file of readdirSync(folder).filter((name) => name.endsWith('.yaml'))) {
    const check = (value: unknown, node: Node, path: string): void => {
      if (typeof value !== 'object' || value === null || Array.isArray(value) || node.properties === undefined) return;
      for (const [key, inner] of Object.entries(value)) {
        expect(Object.keys(node.properties), `${file}: ${path}`).toContain(key);
        check(inner, node.properties[key] as Node, `${path}.${key}`);
      }
    };
    check(parse(readFileSync(new URL(file, folder), 'utf8')), schema, '');
  }
});
