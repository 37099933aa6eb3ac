import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { ledger } from '../../web/build/ledger.ts';
import { predictedOf, scoreOf, within } from '../../web/views/trust/ledger.ts';
import { seriousProblems } from './accessibility.ts';
import { useBrowser } from './browser.ts';

const open = useBrowser();

test('the ledger of the page has every case with its recorded error, and the scores of the trust page', () => {
  const recorded = JSON.parse(readFileSync(fileURLToPath(new URL('../../validation/recorded.json', import.meta.url)), 'utf8')) as Readonly<
    Record<string, number>
  >;
  const { cases, documents, notes } = ledger();
  expect(Object.fromEntries(cases.map(({ id, error }) => [id, error]))).toEqual(recorded);
  for (const one of cases) {
    expect(documents[one.document], one.id).toMatch(/\S/);
    expect(Number.isFinite(predictedOf(one)), one.id).toBe(true);
    for (const note of [...(one.assumes ?? []), ...(one.missing === undefined ? [] : [one.missing])]) expect(notes[note], one.id).toMatch(/\S/);
  }
  // docs/trust.md is written from the same record: its table of kinds has these cases and medians.
  const page = readFileSync(fileURLToPath(new URL('../../docs/trust.md', import.meta.url)), 'utf8');
  for (const [kind, basis] of [
    ['serving', 'predicted'],
    ['link', 'predicted'],
    ['operator', 'fitted'],
  ] as const) {
    const own = cases.filter((one) => one.kind === kind && one.basis === basis);
    const score = scoreOf(own);
    const row = page.split('\n').find((line) => line.startsWith(`| ${kind} | ${basis} |`));
    expect(row, `${kind} ${basis}`).toContain(`| ${own.length} | ${(score.median * 100).toFixed(1)} % |`);
    expect(row).toContain(`| ${own.filter(within).length} |`);
  }
});

test('a kind, a machine and words find cases; each has its source', async () => {
  const page = await open('#/trust');
  await page.getByRole('button', { name: 'Show Links' }).click();
  await expect.poll(() => page.locator('.trust-columns h2').first().textContent()).toContain('Links');
  await page.getByRole('combobox', { name: 'Machine' }).selectOption('cloudmatrix384');
  await page.getByRole('textbox', { name: 'Find a case' }).fill('dispatch');
  const cases = page.locator('.cases tbody tr');
  await expect.poll(() => cases.count()).toBeGreaterThan(0);
  for (const title of await cases.locator('button').allTextContents()) expect(title).toMatch(/dispatch/i);
  await cases.locator('button').first().focus();
  await page.keyboard.press('Enter');
  const detail = page.locator('.detail');
  await expect.poll(() => detail.textContent()).toMatch(/Source.*(read in|read off|told by|worked out|from memory)/);
  await expect.poll(() => page.locator('.plot svg').count()).toBe(1);
  // The link leads to the same case.
  await expect.poll(() => page.url()).toContain('case=');
  const title = await detail.locator('h2').textContent();
  const other = await open(page.url().slice(page.url().indexOf('#')));
  await expect.poll(() => other.locator('.detail h2').textContent()).toBe(title);
});

test('fitted and predicted cases are told apart', async () => {
  const page = await open('#/trust');
  const count = async (): Promise<number> => Number(await page.locator('.kinds tbody tr').first().locator('td').first().textContent());
  await page.locator('.kinds').waitFor();
  const predicted = await count();
  await page.getByRole('radio', { name: 'Fitted' }).press('Space');
  await expect.poll(count).not.toBe(predicted);
  const fitted = await count();
  await page.getByRole('radio', { name: 'Both' }).press('Space');
  await expect.poll(count).toBe(predicted + fitted);
});

test.each(['light', 'dark'] as const)('the trust view has no serious problem of accessibility, %s', async (theme) => {
  const page = await open('#/trust?case=cm384-cpus');
  await page.emulateMedia({ colorScheme: theme });
  await page.locator('.plot svg').waitFor();
  expect(await seriousProblems(page)).toEqual([]);
});

test('a card that may be scrolled is as bright as any other', async () => {
  const page = await open('#/trust');
  await page.locator('.card.scroll').waitFor();
  const colours = await page.locator('.card').evaluateAll((cards) => cards.map((card) => getComputedStyle(card).backgroundColor));
  expect(new Set(colours).size).toBe(1);
});
