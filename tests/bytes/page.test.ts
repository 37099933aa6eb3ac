import { expect, test } from 'vitest';
import { commands } from 'vitest/browser';
import { resultFromTexts } from './from-texts.ts';
import { firstDifference, scenarios } from './scenarios.ts';

declare module 'vitest/browser' {
  interface BrowserCommands {
    nodeResult: (name: string) => Promise<string>;
  }
}

test.each(scenarios)('%s: the result in a page has the bytes of the one in Node', { timeout: 60_000 }, async (name) => {
  const inNode = await commands.nodeResult(name);
  expect(inNode.length).toBeGreaterThan(10_000);
  expect(firstDifference(await resultFromTexts(name), inNode)).toBe('');
});
