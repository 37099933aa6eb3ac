import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { stringify } from 'yaml';
import { expect, test, vi } from 'vitest';
import { seriousProblems } from './accessibility.ts';
import { supernode } from '../fixtures/command-line.ts';
import { useBrowser } from './browser.ts';

const open = useBrowser();

/** Small enough that every run is over in a moment. */
const base = {
  machine: 'hgx-h100',
  model: 'llama-3.1-8b',
  deployment: { merged: { instances: 1, gpus: 1, 'max-num-seqs': '64/rank', 'max-num-batched-tokens': '8192/rank' } },
  workload: { rate: '6/s', input: 600, output: 100, requests: 200 },
  slo: { ttft: '1 s', tpot: '30 ms' },
  seed: 3,
};

test('beside another machine: cards, charts with intervals, and the figures of the command line', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'supernode-compare-'));
  try {
    const file = join(folder, 'small.yaml');
    const other = join(folder, 'other.yaml');
    writeFileSync(file, stringify(base));
    writeFileSync(other, stringify({ ...base, machine: 'hgx-h200' }));
    const page = await open('#/compare');
    await page.getByLabel('Open file', { exact: true }).first().setInputFiles(file);
    await page.getByLabel('Compare with…', { exact: true }).selectOption('on:hgx-h200');
    const status = page.locator('.compare [role=status]');
    await expect.poll(() => page.locator('.chosen').count()).toBe(2);
    await expect.poll(() => page.locator('.range-bar').count(), { timeout: 60_000 }).toBeGreaterThan(7);
    await expect.poll(() => status.textContent(), { timeout: 60_000 }).toBe('');
    await expect.poll(() => page.locator('.plot svg').count()).toBeGreaterThan(1);
    // Told apart without their colours: on their cards, in each row and in each chart.
    const letters = async (place: string): Promise<string> => (await page.locator(place).allTextContents()).join('');
    expect(await letters('.chosen .letter')).toBe('AB');
    expect(await letters('.ranges .letter')).toMatch(/^(AB)+$/);
    expect(await letters('.plot svg [aria-label=text] text')).toMatch(/^(AB)+$/);
    vi.stubEnv('COLUMNS', '200');
    const { out: typed } = await supernode('compare', file, other).finally(() => vi.unstubAllEnvs());
    const row = page.locator('tr', { has: page.getByRole('rowheader', { name: 'output per chip in use', exact: true }) });
    const figures = await row.locator('td').evaluateAll((cells) => cells.map((cell) => cell.childNodes[0]?.textContent ?? ''));
    expect(figures).toHaveLength(2);
    const line = typed.split('\n').find((text) => text.includes('output per chip in use')) ?? '';
    for (const figure of figures) expect(line.replaceAll('\u00a0', ' ')).toContain(figure);
    expect(await seriousProblems(page)).toEqual([]);
  } finally {
    rmSync(folder, { recursive: true });
  }
});

test('one alone says what goes well beside it, and a click compares', async () => {
  const page = await open('#/compare?example=power-nvl72&runs=short');
  const offers = page.locator('.offers');
  await offers.getByRole('button', { name: /h200x32-deepseek-r1/ }).waitFor();
  // Those of its model, one of each machine before others.
  const names = await offers.locator('b').allTextContents();
  expect(names).toHaveLength(4);
  for (const name of ['cloudmatrix384-deepseek-r1', 'h200x32-deepseek-r1', 'power-h200']) expect(names).toContain(name);
  await offers.getByRole('button', { name: /h200x32-deepseek-r1/ }).click();
  await expect.poll(() => page.locator('.chosen').count()).toBe(2);
  expect(await offers.count()).toBe(0);
  expect(page.url()).toContain('h200x32-deepseek-r1');
});

test('the deployment of the CloudMatrix384 beside NVL72, from a link', async () => {
  const page = await open('#/compare?example=nvl72-deepseek-r1&with=ex:cloudmatrix384-deepseek-r1&runs=short');
  await expect.poll(() => page.locator('.chosen p').count(), { timeout: 90_000 }).toBe(2);
  expect((await page.locator('.chosen p').allTextContents()).join()).toMatch(/72 GPUs on GB200 NVL72.*256 NPUs on CloudMatrix384/s);
  await page.getByText('What differs in the scenarios').click();
  await expect.poll(() => page.locator('table', { hasText: 'deployment.decode.' }).last().textContent()).toMatch(/machine.*gb200-nvl72.*cloudmatrix384/);
}, 120_000);

test('one that does not run says why, beside the one that does', async () => {
  const page = await open('#/compare?example=h100-llama-3.1-70b&with=on:gb200-nvl72~ex:no-such&runs=short');
  await expect.poll(() => page.locator('.chosen').count()).toBe(2);
  await page.getByRole('button', { name: /Take .* out/ }).click();
  await expect.poll(() => page.url()).not.toContain('gb200');
  const other = await open('#/compare?example=cloudmatrix384-deepseek-r1&with=on:hgx-h100&runs=short');
  await expect.poll(() => other.locator('.chosen [role=alert]').textContent(), { timeout: 60_000 }).toMatch(/chips/);
}, 120_000);

test('runs that are under way are given up, by a click or for others', async () => {
  const page = await open('#/compare?example=cloudmatrix384-deepseek-r1&with=ex:nvl72-deepseek-r1');
  const stop = page.getByRole('button', { name: 'Stop' });
  const status = page.locator('.compare [role=status]');
  await stop.waitFor();
  await stop.click();
  await stop.waitFor({ state: 'detached' });
  expect(await status.textContent()).toBe('');
  await page.getByText('A third of the requests').click();
  await stop.waitFor();
  // The engine has nothing left to do but these small ones.
  await page.getByLabel('Take nvl72-deepseek-r1 out').click();
  await page
    .getByLabel('Open file', { exact: true })
    .first()
    .setInputFiles([{ name: 'small.yaml', mimeType: 'text/plain', buffer: Buffer.from(stringify(base)) }]);
  await expect.poll(() => page.locator('.chosen').allTextContents()).toEqual([expect.stringContaining('small')]);
  await expect.poll(() => page.locator('.range-bar').count(), { timeout: 30_000 }).toBeGreaterThan(3);
});
