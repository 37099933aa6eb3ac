import { expect, inject, test } from 'vitest';
import { pageSource } from '../../cli/ui/source.ts';
import { serveFile } from '../../cli/ui/static-server.ts';
import { emulate, type Running } from '../emulator/running.ts';
import { useBrowser } from './browser.ts';

const open = useBrowser();

const scenario = 'examples/cloudmatrix384-deepseek-r1.yaml';
const dashboard = {
  scenario: pageSource(scenario),
  page: (path, { request, response }) => serveFile(inject('site').folder, path.endsWith('/') ? `${path}index.html` : path, request.method, response),
} satisfies NonNullable<Parameters<typeof emulate>[0]>['dashboard'];

/** Clients that ask again and again until they are told to stop. */
function clients(url: string, count: number): () => Promise<void> {
  const over = new AbortController();
  const body = JSON.stringify({ prompt: 'a '.repeat(600), max_tokens: 40, ignore_eos: true });
  const ask = async (): Promise<void> => {
    while (!over.signal.aborted) await (await fetch(`${url}/v1/completions`, { method: 'POST', headers: { 'content-type': 'application/json' }, body })).text();
  };
  // A test that fails leaves them without an emulator.
  const asking = Promise.allSettled(Array.from({ length: count }, ask));
  return async () => {
    over.abort();
    await asking;
  };
}

const emulated = (admin: { readonly here: boolean; readonly token?: string }): Promise<Running> => emulate({ speed: 1, admin, dashboard }, { scenario });

test('the page looks on at an emulator: real requests flow, charts move, a part that is killed by a click fails there', async () => {
  const { url, emulator } = await emulated({ here: true });
  const page = await open(`${url}/ui/#/run?live=..`);
  await page.getByText('Live', { exact: true }).waitFor();
  await page.getByText('0 finished of 0 arrived', { exact: true }).waitFor();
  const stop = clients(url, 40);
  await page.waitForFunction(() => Number.parseInt(document.querySelector('.counts')?.textContent ?? '', 10) >= 20);
  await expect.poll(() => page.locator('.charts').textContent()).toMatch(/Output tokens\/s *[1-9].*TTFT *p50 *[\d.]+ ms/s);
  await expect.poll(() => page.locator('.counts').textContent()).toMatch(/running [1-9]/);
  await page.getByRole('tab', { name: 'Requests' }).click();
  await page.locator('.requests tbody tr button').first().click();
  await page.locator('.inspector').waitFor();
  await page.getByLabel('Go to part').fill('npu 17');
  await page.keyboard.press('Enter');
  await page.locator('.part').getByRole('button', { name: 'Kill' }).click();
  await expect.poll(() => emulator.engine.run.faults).toMatchObject([{ kind: 'kill', text: 'npu 17' }]);
  await page.getByRole('tab', { name: 'Faults' }).click();
  await page.getByRole('row', { name: /npu 17 killed/ }).waitFor();
  await page.waitForFunction(() => document.querySelector('.part')?.textContent?.includes('stands still'));
  await stop();
  const { arrived, finished } = emulator.engine.simulation.snapshot();
  await page.getByText(`${finished} finished of ${arrived} arrived`).waitFor();
  // Time goes on without them.
  await expect.poll(() => page.locator('.flow').textContent()).toMatch(/Tokens leave0tokens a second/);
  // Another view is about what is emulated; another scenario is a run of the page's own.
  await page.getByRole('link', { name: 'Step' }).click();
  await page.locator('.figures').waitFor();
  await page.getByRole('link', { name: 'Run' }).click();
  await page.getByText('Live', { exact: true }).waitFor();
  await page.getByLabel('Examples').selectOption('closed-loop');
  await page.getByRole('button', { name: 'Pause' }).waitFor();
  expect(page.url()).not.toContain('live=');
});

test('a token lets in, and does not stay in the address', async () => {
  const { url } = await emulated({ here: true, token: 'secret' });
  const page = await open(`${url}/ui/#/run?live=..&token=secret`);
  await page.getByText('Live', { exact: true }).waitFor();
  await page.waitForFunction(() => location.hash.includes('s='));
  expect(page.url()).toMatch(/live=\.\./);
  expect(page.url()).not.toContain('secret');
});

test('an emulator that ends is told, and the last that was seen stays', async () => {
  const { url, emulator } = await emulated({ here: true });
  const page = await open(`${url}/ui/#/run?live=..`, { expected: /net::ERR_/ });
  await page.getByText('Live', { exact: true }).waitFor();
  await page.getByTestId('time').waitFor();
  await emulator.stop(0);
  await page.getByText('The emulator does not answer; trying again').waitFor();
  expect(await page.getByLabel(/^Map of/).isVisible()).toBe(true);
});
