import { expect, inject, test } from 'vitest';
import { resultFromTexts } from './from-texts.ts';
import { firstDifference, scenarios } from './scenarios.ts';

test.each(scenarios)('%s: the result in a page has the bytes of the one in Node', { timeout: 60_000 }, async (name) => {
  const inNode = inject('nodeResults')[name] ?? '';
  expect(inNode.length).toBeGreaterThan(10_000);
  expect(firstDifference(await resultFromTexts(name), inNode)).toBe('');
});
