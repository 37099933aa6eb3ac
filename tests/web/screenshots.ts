import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { chromium, type Page } from 'playwright';
import { build } from 'vite';
import { staticServer } from '../../cli/ui/static-server.ts';
import config from '../../web/build/vite.config.ts';
import { chromiumArguments, findChromium } from '../gates/chromium.ts';

/** Pictures of the guide, from the page as it is: `npm run screenshots`. Runs stand at a stated time, so that a picture changes when the page does. */
interface Picture {
  readonly name: string;
  readonly hash: string;
  readonly dark?: boolean;
  /** What has to be there before anything is done. */
  readonly ready?: string;
  readonly prepare: (page: Page) => Promise<void>;
}

/** Takes the run to a time, and lets it play a moment so that something moves. */
async function standAt(page: Page, seconds: number): Promise<void> {
  // How long a run will be is known when some of its requests have come.
  await page.waitForFunction(() => Number.parseFloat(document.querySelector('[data-testid=time]')?.textContent ?? '') >= 1);
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('slider', { name: 'Simulated time' }).fill(String(seconds));
  await page.waitForFunction((least) => Number.parseFloat(document.querySelector('[data-testid=time]')?.textContent ?? '') >= least, seconds * 0.99);
  await page.getByLabel('Speed').selectOption('0.25');
  await page.waitForTimeout(1200);
  await page.getByRole('button', { name: 'Pause' }).click();
}

const pictures: readonly Picture[] = [
  { name: 'run', hash: '#/run?example=cloudmatrix384-deepseek-r1', prepare: (page) => standAt(page, 30) },
  {
    name: 'fault',
    hash: '#/run?example=cloudmatrix384-deepseek-r1',
    dark: true,
    prepare: async (page) => {
      await standAt(page, 20);
      await page.getByLabel('Go to part').fill('npu 40');
      await page.keyboard.press('Enter');
      await page.locator('.part').getByRole('button', { name: 'Kill' }).click();
      await page.getByRole('tab', { name: 'Faults' }).click();
      await page.getByRole('slider', { name: 'Simulated time' }).fill('27');
      await page.waitForFunction(() => Number.parseFloat(document.querySelector('[data-testid=time]')?.textContent ?? '') >= 26.9);
      await page.waitForTimeout(500);
    },
  },
  {
    name: 'machine',
    hash: '#/machine?example=cloudmatrix384-deepseek-r1',
    prepare: async (page) => {
      await page.getByLabel('Go to part').fill('npu 20');
      await page.keyboard.press('Enter');
      await page.getByLabel(/^Map of/).focus();
      await page.keyboard.press('Enter');
      await page.getByLabel('Colour by').selectOption('role');
      await page.waitForTimeout(300);
    },
  },
  {
    name: 'step',
    hash: '#/step?example=cloudmatrix384-deepseek-r1',
    ready: '.figures',
    prepare: async (page) => {
      await page.waitForFunction(() => / to /.test(document.querySelector('.interval')?.textContent ?? ''));
    },
  },
  {
    name: 'compare',
    hash: '#/compare?example=cloudmatrix384-deepseek-r1&with=ex:nvl72-deepseek-r1~ex:h200x32-deepseek-r1',
    ready: '.plot svg',
    prepare: async (page) => {
      await page.waitForFunction(() => document.querySelector('.compare [role=status]')?.textContent === '');
      await page.waitForTimeout(500);
    },
  },
  { name: 'scenario', hash: '#/scenario?example=cloudmatrix384-deepseek-r1', ready: '.scenario-form', prepare: (page) => page.waitForTimeout(800) },
  { name: 'trust', hash: '#/trust?kind=step&case=cm384-r1-decode', dark: true, ready: '.plot svg', prepare: (page) => page.waitForTimeout(800) },
];

const folder = fileURLToPath(new URL('../../docs/guide/pictures/', import.meta.url));
const site = mkdtempSync(join(tmpdir(), 'supernode-pictures-'));
await build({ ...config, configFile: false, logLevel: 'error', build: { ...config.build, outDir: site } });
const server = staticServer(site);
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const browser = await chromium.launch({ executablePath: findChromium() ?? 'chromium', args: [...chromiumArguments] });
mkdirSync(folder, { recursive: true });
/** All pictures, or those that are named. */
const asked = process.argv.slice(2);
for (const { name, hash, dark = false, ready = '.map canvas', prepare } of pictures.filter(({ name: one }) => asked.length === 0 || asked.includes(one))) {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, locale: 'en-GB', colorScheme: dark ? 'dark' : 'light' });
  page.setDefaultTimeout(90_000);
  await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/${hash}`);
  await page.locator(ready).first().waitFor();
  await prepare(page);
  await page.evaluate(() => scrollTo(0, 0));
  await page.screenshot({ path: join(folder, `${name}.png`) });
  process.stdout.write(`wrote docs/guide/pictures/${name}.png\n`);
  await page.close();
}
await browser.close();
server.close();
rmSync(site, { recursive: true, force: true });
