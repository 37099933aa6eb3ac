import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Page } from 'playwright';
import { expect, test } from 'vitest';
import { seriousProblems } from './accessibility.ts';
import { useBrowser } from './browser.ts';

const open = useBrowser();
const path = (file: string): string => fileURLToPath(new URL(`../../${file}`, import.meta.url));
const verdict = (page: Page) => page.locator('.scenario-head [role=status]');

/** As a person drops files from a folder. */
async function drop(page: Page, files: readonly { readonly name: string; readonly text: string }[]): Promise<void> {
  await page.evaluate((list) => {
    const dataTransfer = new DataTransfer();
    for (const { name, text } of list) dataTransfer.items.add(new File([text], name));
    for (const kind of ['dragover', 'drop']) document.body.dispatchEvent(new DragEvent(kind, { dataTransfer, bubbles: true, cancelable: true }));
  }, files);
}

test('a field is checked beside itself, the run goes on, and YAML and form say the same', async () => {
  const page = await open('#/scenario?example=h100-llama-3.1-70b');
  const tensor = page.getByRole('textbox', { name: 'tensor', exact: true });
  await tensor.fill('3');
  await tensor.press('Tab');
  await expect.poll(() => verdict(page).textContent()).toMatch(/problem/);
  const entry = page.locator('.entry', { has: tensor });
  await expect.poll(() => entry.getByRole('alert').textContent()).toMatch(/\S/);
  expect(await tensor.getAttribute('aria-invalid')).toBe('true');

  await tensor.fill('2');
  await tensor.press('Tab');
  await expect.poll(() => verdict(page).textContent()).toMatch(/nothing is wrong/);
  const yaml = page.getByRole('textbox', { name: 'Scenario as YAML' });
  await expect.poll(() => yaml.inputValue()).toContain('tensor: 2');
  // It is told from the example that it was.
  expect(await page.getByLabel('Examples').locator('option:checked').textContent()).toBe('h100-llama-3.1-70b, changed');

  await yaml.fill((await yaml.inputValue()).replace('rate: 12/s', 'rate: 7/s'));
  await expect.poll(() => page.getByRole('textbox', { name: 'rate', exact: true }).inputValue()).toBe('7/s');
  await yaml.fill('machine: [');
  await expect.poll(() => page.locator('.yaml [role=alert]').first().textContent()).toMatch(/line 1/);
  expect(await page.getByRole('textbox', { name: 'rate', exact: true }).inputValue()).toBe('7/s');
});

test('keys are added from the schema with what it says of them, and taken away', async () => {
  const page = await open('#/scenario?example=h100-llama-3.1-70b');
  await page.getByLabel('Add a key to workload').selectOption('cv');
  const cv = page.getByRole('textbox', { name: 'cv', exact: true });
  await cv.fill('2');
  await cv.press('Tab');
  await expect.poll(() => page.locator('.entry', { has: cv }).textContent()).toContain('1 is Poisson, more is burstier');
  await page.getByLabel('Add a key to workload').selectOption('arrivals');
  await page.getByRole('combobox', { name: 'arrivals' }).selectOption('gamma');
  await expect.poll(() => verdict(page).textContent()).toMatch(/nothing is wrong/);
  await page.getByRole('button', { name: 'Remove workload.cv' }).click();
  await expect.poll(() => cv.count()).toBe(0);
});

test('a key that nobody knows is shown where it stands', async () => {
  const page = await open('#/scenario?example=h100-llama-3.1-70b');
  const yaml = page.getByRole('textbox', { name: 'Scenario as YAML' });
  await expect.poll(() => yaml.inputValue()).toContain('machine');
  await yaml.fill(`${await yaml.inputValue()}\nmachin: hgx-h100\n`);
  const entry = page.locator('.entry', { has: page.getByRole('textbox', { name: 'machin', exact: true }) });
  await expect.poll(() => entry.getByRole('alert').textContent()).toMatch(/did you mean "machine"/);
});

test('a machine and a trace from disk are taken in together with their scenario, by the picker and by dropping', async () => {
  const page = await open('#/scenario?example=h100-llama-3.1-70b');
  await page.getByLabel('Choose files').setInputFiles([path('examples/traces/chat.csv')]);
  await expect.poll(() => page.getByRole('textbox', { name: 'trace', exact: true }).inputValue()).toBe('chat.csv');
  await expect.poll(() => verdict(page).textContent()).toMatch(/nothing is wrong/);
  const text = readFileSync(path('examples/machines/rail-cluster.yaml'), 'utf8');
  await drop(page, [{ name: 'rail-cluster.yaml', text }]);
  await expect.poll(() => page.getByRole('combobox', { name: 'machine', exact: true }).inputValue()).toBe('rail-cluster.yaml');
  await expect.poll(() => verdict(page).textContent()).toMatch(/nothing is wrong/);
  expect(await page.locator('.files li').count()).toBe(2);
  // Another page that is sent the link has the files too.
  await expect.poll(() => page.url()).toContain('s=');
  const other = await open(page.url().slice(page.url().indexOf('#')).replace('/scenario', '/machine'));
  await expect.poll(() => other.locator('main').textContent()).toContain('A cluster of 128 GPUs on eight rails');
});

test.each([
  { name: 'empty.yaml', text: '', says: /empty\.yaml.*the file is empty/ },
  { name: 'broken.yaml', text: 'machine: [1,\n', says: /broken\.yaml: line/ },
  { name: 'shopping.yaml', text: 'milk: 2\n', says: /shopping\.yaml expected a scenario .* a machine .* a trace/ },
  { name: 'half.yaml', text: 'chip: h100\nnode: {}\nplanes: []\n', says: /half\.yaml/ },
  { name: 'words.csv', text: 'a,b\nc,d\n', says: /words\.csv/ },
])('a bad file gives a clear message, and what was there runs on: $name', async ({ name, text, says }) => {
  const page = await open('#/run?example=h100-llama-3.1-70b');
  await page.getByTestId('time').waitFor();
  await drop(page, [{ name, text }]);
  await expect.poll(() => page.locator('.problems').textContent()).toMatch(says);
  expect(await page.getByTestId('time').isVisible()).toBe(true);
});

test('keyboard alone: to the scenario view, a key changed, and back', async () => {
  const page = await open('#/run?example=h100-llama-3.1-70b');
  await page.getByRole('link', { name: 'Scenario' }).focus();
  await page.keyboard.press('Enter');
  const requests = page.getByRole('textbox', { name: 'requests', exact: true });
  await requests.focus();
  await page.keyboard.press('Control+A');
  await page.keyboard.type('300');
  await page.keyboard.press('Enter');
  await expect.poll(() => page.getByRole('textbox', { name: 'Scenario as YAML' }).inputValue()).toContain('requests: 300');
});

test.each(['light', 'dark'] as const)('the form has no serious problem of accessibility, %s', async (theme) => {
  const page = await open('#/scenario?example=cloudmatrix384-deepseek-r1');
  await page.emulateMedia({ colorScheme: theme });
  await page.locator('.scenario-form').waitFor();
  expect(await seriousProblems(page)).toEqual([]);
});
