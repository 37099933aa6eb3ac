import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { summary } from './fixtures/summary.ts';

function keysOf(value: unknown): readonly string[] {
  if (Array.isArray(value)) return value.slice(0, 1).flatMap(keysOf);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [key, ...keysOf(inner)]);
}

test('the guide names every key of the JSON result', () => {
  const guide = readFileSync(new URL('../docs/guide/report.md', import.meta.url), 'utf8');
  const named = new Set([...guide.matchAll(/`([^`\n]+)`/g)].flatMap(([, code]) => (code ?? '').split(/[^A-Za-z0-9]+/)));
  expect(keysOf(summary).filter((key) => !named.has(key))).toEqual([]);
});
