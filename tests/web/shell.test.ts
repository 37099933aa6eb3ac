import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright';
import { parse } from 'yaml';
import { expect, test } from 'vitest';
import { useBrowser } from './browser.ts';

const open = useBrowser();
const path = (file: string): string => fileURLToPath(new URL(`../../${file}`, import.meta.url));
const running = (page: Page): Promise<void> => page.getByTestId('time').waitFor();
const load = (page: Page, ...files: { readonly name: string; readonly text: string }[]): Promise<void> =>
  page
    .getByLabel('Open file', { exact: true })
    .first()
    .setInputFiles(files.map(({ name, text }) => ({ name, mimeType: 'text/plain', buffer: Buffer.from(text) })));

const closedLoop = readFileSync(path('examples/closed-loop.yaml'), 'utf8');

test('a scenario from disk runs, a link to it restores it, and it is saved as YAML', async () => {
  const page = await open();
  await running(page);
  await load(page, { name: 'mine.yaml', text: closedLoop.replace(/concurrency: \d+/, 'concurrency: 7') });
  await page.waitForFunction(() => location.hash.includes('s='));
  await page.getByText(/^\d+ finished of/).waitFor();
  await page.getByRole('button', { name: 'Copy link' }).click();
  const link = await page.evaluate(() => navigator.clipboard.readText());
  expect(link).toBe(page.url());
  const other = await page.context().newPage();
  await other.goto(link);
  await running(other);
  const [download] = await Promise.all([other.waitForEvent('download'), other.getByRole('button', { name: 'Save' }).click()]);
  expect(download.suggestedFilename()).toBe('mine.yaml');
  const saved = parse(readFileSync(await download.path(), 'utf8')) as unknown;
  expect(saved).toEqual(parse(closedLoop.replace(/concurrency: \d+/, 'concurrency: 7')));
});

test('a machine file and a trace from disk', async () => {
  const page = await open('#/machine?example=h100-llama-3.1-70b');
  await page.getByRole('heading', { name: /HGX H100/ }).waitFor();
  const machine = readFileSync(path('data/machines/hgx-h100.yaml'), 'utf8')
    .replace(/^title: .*$/m, 'title: My own box')
    .replace(/^name: .*$/m, 'name: my-own');
  await load(page, { name: 'box.yaml', text: machine });
  await page.getByRole('heading', { name: 'My own box' }).waitFor();
  await load(page, { name: 'chat.csv', text: readFileSync(path('examples/traces/chat.csv'), 'utf8') });
  await page.getByRole('link', { name: 'Run' }).click();
  await page.getByText(/finished of \S+ arrived \(\S+ in all\)/).waitFor();
  expect(await page.locator('.problems').count()).toBe(0);
});

test('a bad file says at which key, and what would be right; the run before it goes on', async () => {
  const page = await open('#/run?example=closed-loop');
  await running(page);
  await load(page, { name: 'bad.yaml', text: closedLoop.replace(/machine: \S+/, 'machine: hgx-h10') });
  const problems = page.getByRole('alert');
  await problems.waitFor();
  expect(await problems.textContent()).toMatch(/One problem in the scenario.*still runs.*machine.*hgx-h100/s);
  expect(await page.getByTestId('time').isVisible()).toBe(true);
  await load(page, { name: 'broken.yaml', text: 'machine: [\n' });
  await page.getByText(/broken\.yaml: line \d/).waitFor();
});

test('language and theme are chosen, and kept', async () => {
  const page = await open();
  await page.getByLabel('Language').selectOption('zh');
  await page.getByRole('link', { name: '机器' }).waitFor();
  expect(await page.evaluate(() => document.documentElement.lang)).toBe('zh-Hans');
  await expect.poll(() => page.title()).toBe('运行 · cloudmatrix384-deepseek-r1 · Supernode');
  await page.getByText('在 CloudMatrix384 上运行 DeepSeek-R1').waitFor();
  await page.locator('.series-chart').first().waitFor();
  // A line for what a chart is and for its last values.
  const heads = await page.locator('.series-chart figcaption').evaluateAll((all) => all.map((head) => head.getBoundingClientRect().height));
  expect(Math.max(...heads)).toBeLessThan(1.5 * Math.min(...heads));
  await page.getByLabel('主题').selectOption('dark');
  const background = (): Promise<string> => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  expect(await background()).toBe('rgb(16, 21, 29)');
  await page.reload();
  await page.getByRole('link', { name: '机器' }).waitFor();
  expect(await background()).toBe('rgb(16, 21, 29)');
});

test('other machines draw from their own data, with sources', async () => {
  const page = await open('#/machine');
  await page.getByRole('heading', { name: 'CloudMatrix384' }).waitFor();
  await page.getByLabel('Machine', { exact: true }).selectOption('gb200-nvl72');
  await page.getByRole('heading', { name: 'GB200 NVL72' }).waitFor();
  await page.getByLabel('Go to part').fill('gpu 5');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', { name: 'gpu 5' }).waitFor();
  expect(await page.locator('.facts').textContent()).toMatch(/memory capacity.*GB.*sheet/s);
});

test('with the keyboard alone: from the skip link to a killed part', async () => {
  const page = await open('#/run?example=h100-llama-3.1-70b');
  await running(page);
  await page.keyboard.press('Tab');
  expect(await page.evaluate(() => document.activeElement?.textContent)).toBe('Skip to the content');
  await page.keyboard.press('Enter');
  await page.keyboard.press('Tab');
  expect(await page.evaluate(() => document.activeElement?.getAttribute('aria-label'))).toBe('Pause');
  await page.keyboard.press('Space');
  await page.getByRole('button', { name: 'Play', exact: true }).waitFor();
  await page.keyboard.press('Space');
  const named = (): Promise<string> => page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent ?? '');
  for (let i = 0; i < 12 && !(await named()).startsWith('Map of'); i++) await page.keyboard.press('Tab');
  for (const key of ['ArrowRight', 'PageDown', 'ArrowRight', 'Enter', '-', '0']) await page.keyboard.press(key);
  expect(await named()).toMatch(/Selected: gpu 1\.$/);
  for (let i = 0; i < 12 && (await named()) !== 'Kill'; i++) await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  for (let i = 0; i < 12 && (await named()) !== 'Steps'; i++) await page.keyboard.press('Tab');
  await page.keyboard.press('ArrowLeft');
  await page.getByRole('row', { name: /gpu 1 killed/ }).waitFor();
});

test('what is wrong is told in the language of the page, also where it changes', async () => {
  const page = await open('#/run?example=closed-loop');
  await running(page);
  await load(page, { name: 'bad.yaml', text: closedLoop.replace(/machine: \S+/, 'machine: hgx-h10') });
  const problems = page.getByRole('alert');
  await problems.getByText('unknown machine').waitFor();
  await page.getByLabel('Language').selectOption('zh');
  await expect.poll(() => problems.textContent()).toMatch(/没有这个 machine：是否指“hgx-h100”/);
});

const view = (page: Page, name: string): Promise<void> => page.locator(`main[data-view=${name}]`).waitFor({ state: 'attached' });
const example = (page: Page): Promise<string> => page.getByLabel('Examples').inputValue();

test('going back and forward goes through views and scenarios, and the run goes on', async () => {
  const page = await open('#/run?example=closed-loop');
  await running(page);
  await page.waitForFunction(() => Number.parseFloat(document.querySelector('[data-testid=time]')?.textContent ?? '') >= 1);
  await page.getByRole('link', { name: 'Machine' }).click();
  await view(page, 'machine');
  await page.getByRole('link', { name: 'Trust' }).click();
  await view(page, 'trust');
  await page.goBack();
  await view(page, 'machine');
  await page.goBack();
  await view(page, 'run');
  expect(Number.parseFloat((await page.getByTestId('time').textContent()) ?? '')).toBeGreaterThanOrEqual(1);
  await page.goForward();
  await view(page, 'machine');
  await page.getByLabel('Examples').selectOption('h100-llama-3.1-70b');
  await page.waitForFunction(() => location.hash.includes('h100-llama'));
  await page.goBack();
  await expect.poll(() => example(page)).toBe('closed-loop');
  await view(page, 'machine');
});

test('a link that is pasted into the address of the open page shows its view and its scenario', async () => {
  const page = await open('#/run?example=closed-loop');
  await running(page);
  await page.evaluate(() => (location.hash = '#/machine?example=h100-llama-3.1-70b'));
  await view(page, 'machine');
  await expect.poll(() => example(page)).toBe('h100-llama-3.1-70b');
});

test('a scenario that is too large for a link is there again when the page is loaded anew, and one can go back to it', async () => {
  const page = await open('#/run?example=h100-llama-3.1-70b');
  await running(page);
  // Digits that hardly get smaller where they are packed.
  const rows = Array.from({ length: 20_000 }, (_, i) => `${i / 100},${100 + ((i * 7919) % 3001)},${1 + ((i * i * 31) % 97)}`);
  await load(page, { name: 'long.csv', text: ['arrived_at,input_tokens,output_tokens', ...rows].join('\n') });
  const all = page.getByText('(20.0k in all)');
  await all.waitFor();
  await expect.poll(() => page.getByRole('button', { name: 'Copy link' }).isDisabled()).toBe(true);
  expect(page.url()).not.toContain('example=');
  await page.reload();
  await all.waitFor();
  await page.getByLabel('Examples').selectOption('closed-loop');
  await page.waitForFunction(() => location.hash.includes('closed-loop'));
  await page.goBack();
  await all.waitFor();
}, 60_000);

test.each(['s=7VbLbtswEPwVg', 'example=no-such', 'file=nowhere.json'])('a link whose scenario cannot be read says so: %s', async (named) => {
  const page = await open(`#/run?${named}`, { expected: /404/ });
  await running(page);
  await expect.poll(() => page.getByRole('alert').textContent()).toMatch(/cannot be read/);
});

test('a file that is cut off, or of no kind that is known, is told by its name and changes nothing', async () => {
  const page = await open('#/run?example=closed-loop');
  await running(page);
  for (const name of ['cut.jsonl.gz', 'photo.png']) {
    await load(page, { name, text: '\u001F' });
    await page.getByRole('alert').getByText(name).waitFor();
  }
  expect(await example(page)).toBe('closed-loop');
});
