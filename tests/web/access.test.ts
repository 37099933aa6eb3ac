import { createRequire } from 'node:module';
import type { AxeResults, RunOptions } from 'axe-core';
import { expect, test } from 'vitest';
import { useBrowser } from './browser.ts';

const open = useBrowser();
const script = createRequire(import.meta.url).resolve('axe-core/axe.min.js');

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
    found.push(...(await serious(page)));
  }
  found.push(...(await serious(page)));
  expect(found).toEqual([]);
});

/** Problems that keep somebody from using the page, with where they are. */
async function serious(page: Awaited<ReturnType<typeof open>>): Promise<readonly string[]> {
  await page.addScriptTag({ path: script });
  const { violations } = await page.evaluate(
    (options) => (globalThis as unknown as { readonly axe: { readonly run: (options: RunOptions) => Promise<AxeResults> } }).axe.run(options),
    { resultTypes: ['violations'] } satisfies RunOptions,
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .flatMap(({ id, nodes }) => nodes.map((node) => `${id}: ${node.html} ${node.failureSummary ?? ''}`));
}
