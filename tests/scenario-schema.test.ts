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
  const all = nodes(schema, 'scenario');
  expect(all.filter(([, { description = '' }]) => !/\w.*\.$/.test(description)).map(([path]) => path)).toEqual([]);
  expect(all.filter(([, { properties, additionalProperties }]) => properties !== undefined && additionalProperties !== false).map(([path]) => path)).toEqual(
    [],
  );
});

test('every key is in the guide', () => {
  const guide = readFileSync(new URL('../docs/guide/scenario.md', import.meta.url), 'utf8');
  const paths = nodes(schema, 'scenario')
    .slice(1)
    .map(([path]) => path);
  expect(paths.filter((path) => !guide.includes(`\`${path.split('.').at(-1)}\``))).toEqual([]);
});

test('the examples use only keys of the schema', () => {
  const unknown = (value: unknown, { properties }: Node, path: string): readonly string[] => {
    if (typeof value !== 'object' || value === null || Array.isArray(value) || properties === undefined) return [];
    return Object.entries(value).flatMap(([key, inner]) => {
      const node = properties[key];
      return node === undefined ? [`${path}.${key}`] : unknown(inner, node, `${path}.${key}`);
    });
  };
  const folder = new URL('../examples/', import.meta.url);
  const files = readdirSync(folder).filter((name) => name.endsWith('.yaml'));
  expect(files.flatMap((file) => unknown(parse(readFileSync(new URL(file, folder), 'utf8')), schema, file))).toEqual([]);
});
