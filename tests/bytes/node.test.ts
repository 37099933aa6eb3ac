import { expect, test } from 'vitest';
import { resultFromFiles } from './from-files.ts';
import { resultFromTexts } from './from-texts.ts';
import { firstDifference, scenarios } from './scenarios.ts';

test.each(scenarios)('%s: texts without a file system give the bytes of the command line, twice; another seed gives others', async (name) => {
  const first = await resultFromFiles(name);
  expect(first.length).toBeGreaterThan(10_000);
  expect(firstDifference(await resultFromFiles(name), first)).toBe('');
  expect(firstDifference(await resultFromTexts(name), first)).toBe('');
  expect(firstDifference(await resultFromFiles(name, 2), first)).not.toBe('');
});
