import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../', import.meta.url));

const textsUnder = (folder: string, ends: string): readonly string[] =>
  readdirSync(`${root}${folder}`, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith(ends))
    .map((name) => readFileSync(`${root}${folder}/${name}`, 'utf8'));

/** Rules are the list items that begin with a bold id. */
const rules = textsUnder('docs/spec', '.md').flatMap((text) => [...text.matchAll(/^- \*\*([A-Z]+-\d+)\*\*/gm)].map(([, id]) => id));

/** Ids at the beginning of the names of tests: `test('REQ-1, REQ-2 ...'`, also behind a table of cases. */
const cited = ['src', 'schema', 'cli', 'tests']
  .flatMap((folder) => textsUnder(folder, '.test.ts'))
  .flatMap((text) => [...text.matchAll(/(?:\b(?:test|it)(?:\.\w+\([^)]*\))?|^ *\]\))\(\s*['"`]((?:[A-Z]{3}-\d+(?:, )?)+) /gm)])
  .flatMap(([, ids = '']) => ids.split(', '));

describe('the rules of docs/spec', () => {
  test('each is numbered once', () => {
    expect(rules.length).toBeGreaterThan(20);
    expect(new Set(rules).size).toBe(rules.length);
  });

  test('each is cited by the name of a test', () => {
    expect(rules.filter((id) => id !== undefined && !cited.includes(id))).toEqual([]);
  });

  test('no test cites one that does not exist', () => {
    expect(cited.filter((id) => !rules.includes(id))).toEqual([]);
  });
});
