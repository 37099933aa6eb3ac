import { chromium, type Browser, type BrowserContext, type ConsoleMessage, type Page } from 'playwright';
import { afterEach, expect, inject } from 'vitest';
import { chromiumArguments, findChromium } from '../gates/chromium.ts';

interface Visit {
  readonly viewport?: { readonly width: number; readonly height: number };
  /** An error on the console that is none. */
  readonly expected?: RegExp;
  /** As somebody who was never here: nothing of the page is cached or compiled yet. */
  readonly first?: boolean;
}

/** One for all files of a worker, which ends it: to start one, and to compile and touch everything in it, takes longer than most tests. */
let browser: Promise<Browser> | undefined;
/** Tabs that show nothing at the moment. */
const idle: Page[] = [];

/** Opens the page for a test. A fault of the page's own, or an error on its console that is not expected, fails the test that is under way. */
export function useBrowser(): (path?: string, visit?: Visit) => Promise<Page> {
  const faults: string[] = [];
  const shown: Page[] = [];
  const firstVisits: BrowserContext[] = [];
  afterEach(async () => {
    await Promise.all([...firstVisits.splice(0).map((context) => context.close()), ...shown.splice(0).map(blank)]);
    expect(faults.splice(0)).toEqual([]);
  });
  return async (path = '', { viewport = { width: 1366, height: 768 }, expected, first = false } = {}) => {
    let page = first ? undefined : idle.pop();
    if (page === undefined) {
      browser ??= chromium.launch({ executablePath: findChromium() ?? 'chromium', args: [...chromiumArguments] });
      const context = await (await browser).newContext({ viewport, locale: 'en-GB', permissions: ['clipboard-read', 'clipboard-write'] });
      if (first) firstVisits.push(context);
      page = await context.newPage();
    } else await page.setViewportSize(viewport);
    if (!first) shown.push(page);
    page.on('pageerror', (error) => faults.push(String(error.stack)));
    page.on('console', (line: ConsoleMessage) => {
      if (line.type() === 'error' && expected?.test(line.text()) !== true) faults.push(line.text());
    });
    await page.goto(new URL(path, inject('site').url).href);
    return page;
  };
}

/** Takes from a tab what a test has left: a page that nobody looks at would go on playing its run. */
async function blank(page: Page): Promise<void> {
  const others = page.context().pages();
  await Promise.all(others.filter((other) => other !== page).map((other) => other.close()));
  await page.evaluate(() => localStorage.clear());
  await page.goto('about:blank');
  page.removeAllListeners('pageerror').removeAllListeners('console');
  await page.emulateMedia({ colorScheme: null });
  await page.mouse.move(0, 0);
  idle.push(page);
}
