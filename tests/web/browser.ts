import { chromium, type Browser, type BrowserContext, type Page } from 'playwright';
import { afterAll, afterEach, beforeAll, expect, inject } from 'vitest';
import { chromiumArguments, findChromium } from '../gates/chromium.ts';

/** A browser for the tests of one file. A fault of the page's own, or an error on its console that is not expected, fails the test that is under way. */
export function useBrowser(): (path?: string, viewport?: { readonly width: number; readonly height: number }, expected?: RegExp) => Promise<Page> {
  let browser: Browser | undefined;
  const faults: string[] = [];
  const contexts: BrowserContext[] = [];
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: findChromium() ?? 'chromium', args: [...chromiumArguments] });
  });
  afterEach(async () => {
    // A page that nobody looks at would go on playing its run.
    await Promise.all(contexts.splice(0).map((context) => context.close()));
    expect(faults.splice(0)).toEqual([]);
  });
  afterAll(() => browser?.close());
  return async (path = '', viewport = { width: 1366, height: 768 }, expected) => {
    const context = await (browser as Browser).newContext({ viewport, locale: 'en-GB', permissions: ['clipboard-read', 'clipboard-write'] });
    contexts.push(context);
    const page = await context.newPage();
    page.on('pageerror', (error) => faults.push(String(error.stack)));
    page.on('console', (line) => {
      if (line.type() === 'error' && expected?.test(line.text()) !== true) faults.push(line.text());
    });
    await page.goto(new URL(path, inject('site').url).href);
    return page;
  };
}
