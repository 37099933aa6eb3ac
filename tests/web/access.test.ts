import { expect, test } from 'vitest';
import { seriousProblems } from './accessibility.ts';
import { useBrowser } from './browser.ts';

const open = useBrowser();

test.each([
  ['run', '#/run?example=cloudmatrix384-deepseek-r1', 'light'],
  ['run', '#/run?example=h100-llama-3.1-70b', 'dark'],
  ['machine', '#/machine?example=cloudmatrix384-deepseek-r1', 'light'],
  ['machine', '#/machine?example=nvl72-deepseek-r1', 'dark'],
] as const)('%s (%s, %s): axe finds no serious problem', async (view, hash, theme) => {
  const found: string[] = [];
  const page = await open(hash);
  await page.locator(`main[data-view=${view}] .map canvas`).waitFor();
  await page.getByLabel('Theme').selectOption(theme);
  for (const tab of view === 'run' ? ['Requests', 'Faults', 'Steps'] : []) {
    await page.getByRole('tab', { name: tab }).click();
    found.push(...(await seriousProblems(page)));
  }
  found.push(...(await seriousProblems(page)));
  expect(found).toEqual([]);
});
