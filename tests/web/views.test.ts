import { expect, test } from 'vitest';
import { useBrowser } from './browser.ts';

const open = useBrowser();

const views = [
  { name: 'step', chinese: '一次迭代的解释', ready: '.figures' },
  { name: 'compare', chinese: '并排比较', ready: '.multiples' },
  { name: 'scenario', chinese: '场景', ready: '.scenario-form' },
  { name: 'trust', chinese: '误差有多大', ready: '.kinds' },
] as const;

test.each(views)('$name fits a phone, and speaks Chinese', async ({ name, chinese, ready }) => {
  const page = await open(`#/${name}?example=h100-llama-3.1-70b&runs=short`, { width: 390, height: 844 });
  await page.locator(ready).first().waitFor({ timeout: 60_000 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  await page.getByLabel('Language').selectOption('zh');
  await expect.poll(() => page.locator('h1').textContent()).toBe(chinese);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
});
