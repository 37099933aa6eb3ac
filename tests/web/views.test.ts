import { expect, test } from 'vitest';
import { useBrowser } from './browser.ts';

const open = useBrowser();

const views = [
  { name: 'step', chinese: '一次迭代的解释', ready: '.figures' },
  { name: 'compare', chinese: '并排比较', ready: '.multiples' },
  { name: 'scenario', chinese: '场景', ready: '.scenario-form' },
  { name: 'trust', chinese: '误差有多大', ready: '.kinds' },
] as const;

test.each(['run', 'machine'])('%s fits a phone, and nothing lies over anything else', async (name) => {
  const page = await open(`#/${name}?example=cloudmatrix384-deepseek-r1`, { viewport: { width: 390, height: 844 } });
  await page.locator('.map canvas').waitFor();
  await page.locator(name === 'run' ? '.moving' : '.facts').waitFor();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  const overlapping = await page.evaluate(() => {
    const boxes = [...document.querySelectorAll('.card')].map((card) => card.getBoundingClientRect());
    const ends = [...document.querySelectorAll('.map-card')].flatMap((card) =>
      [...card.children].map((child) => child.getBoundingClientRect().bottom - card.getBoundingClientRect().bottom),
    );
    return [...boxes.flatMap((a, i) => boxes.slice(i + 1).map((b) => Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top))), ...ends].filter((by) => by > 1);
  });
  expect(overlapping).toEqual([]);
});

test.each(views)('$name fits a phone, and speaks Chinese', async ({ name, chinese, ready }) => {
  const page = await open(`#/${name}?example=h100-llama-3.1-70b&runs=short`, { viewport: { width: 390, height: 844 } });
  await page.locator(ready).first().waitFor({ timeout: 60_000 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
  await page.getByLabel('Language').selectOption('zh');
  await expect.poll(() => page.locator('h1').textContent()).toBe(chinese);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
});

test.each([
  { name: 'one scenario', link: '#/compare?example=h100-llama-3.1-70b&runs=short', fits: true },
  { name: 'two scenarios', link: '#/compare?example=nvl72-deepseek-r1&with=ex:cloudmatrix384-deepseek-r1&runs=short', fits: true },
  { name: 'operators', link: '#/step?example=h100-llama-3.1-70b', fits: false },
])(
  'tables of $name show names and figures on a phone, and names stay where what is beside them is scrolled',
  async ({ link, fits }) => {
    const page = await open(link, { viewport: { width: 390, height: 844 } });
    await page.locator('.rows.wide').first().waitFor({ state: 'attached', timeout: 50_000 });
    await page.waitForFunction(() => (document.querySelector('.compare [role=status]')?.textContent ?? '') === '', undefined, { timeout: 90_000 });
    const unseen = await page.evaluate((all) => {
      for (const details of document.querySelectorAll('details')) details.open = true;
      return [...document.querySelectorAll('.scroll')].flatMap((box) => {
        const { left, right } = box.getBoundingClientRect();
        const rows = [...box.querySelectorAll('tbody tr')].map((row) => [...row.children]);
        const inside = (cell: Element | undefined, from: number): boolean => {
          if (cell === undefined) return false;
          const place = cell.getBoundingClientRect();
          return place.left >= from - 1 && place.right <= right + 1;
        };
        const named = rows.every(([name, figure]) => inside(name, left) && inside(figure, name?.getBoundingClientRect().right ?? Infinity));
        box.scrollLeft = box.scrollWidth;
        const last = rows.every(([name, ...figures]) => inside(name, left) && inside(figures.at(-1), name?.getBoundingClientRect().right ?? Infinity));
        return rows.length > 0 && named && last && (!all || box.scrollLeft === 0) ? [] : [box.getAttribute('aria-label')];
      });
    }, fits);
    expect(unseen).toEqual([]);
  },
  120_000,
);
