import { readFileSync } from 'node:fs';
import type { Page } from 'playwright';
import { expect, test } from 'vitest';
import { useBrowser } from './browser.ts';
import { contention, standstills } from './contention.ts';
import { heapsOf } from './heap.ts';

const open = useBrowser();
const example = readFileSync(new URL('../../examples/cloudmatrix384-deepseek-r1.yaml', import.meta.url), 'utf8');

/** From a key or a click to the next picture: what is called good on the web. [ms] */
const quick = 200;

/** A page that plays a scenario of so many requests. */
async function playing(requests: number): Promise<Page> {
  const page = await open('', { first: true });
  await page.getByTestId('time').waitFor();
  await page
    .getByLabel('Open file', { exact: true })
    .first()
    .setInputFiles([{ name: 'large.yaml', mimeType: 'text/plain', buffer: Buffer.from(example.replace(/requests: \d+/, `requests: ${requests}`)) }]);
  await page.getByText(`(${(requests / 1000).toPrecision(3)}k in all)`).waitFor();
  return page;
}

/** As pages on the web are judged: one of fifty may be slower. */
function slow(durations: readonly number[]): number {
  return durations.toSorted((a, b) => b - a)[Math.floor(durations.length / 50)] ?? 0;
}

declare global {
  interface Window {
    /** Tasks of the page's thread of 50 ms and more [ms], and of each input how long it took until the next picture [ms]. */
    seen: { tasks: number[]; inputs: Record<number, number> };
  }
}

function watch(): void {
  const seen: Window['seen'] = { tasks: [], inputs: {} };
  window.seen = seen;
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) seen.tasks.push(duration);
  }).observe({ type: 'longtask' });
  new PerformanceObserver((list) => {
    // A click is several events: they count once, as the slowest of them.
    for (const { interactionId, duration } of list.getEntries() as (PerformanceEntry & { readonly interactionId: number })[])
      if (interactionId > 0) seen.inputs[interactionId] = Math.max(seen.inputs[interactionId] ?? 0, duration);
  }).observe({ type: 'event', durationThreshold: 16 } as PerformanceObserverInit);
}

test('100,000 requests: every input is answered at once while they are served', async () => {
  const page = await playing(100_000);
  await page.getByLabel('Speed').selectOption('64');
  await page.evaluate(watch);
  const from = performance.now();
  const contentions: number[] = [];
  const longestStandstill = standstills();
  while ((await page.getByRole('button', { name: 'Play again' }).count()) === 0) {
    await page.getByRole('tab', { name: 'Requests' }).click();
    await page.getByRole('tab', { name: 'Faults' }).click();
    await page.getByRole('tab', { name: 'Steps' }).click();
    await page.getByLabel(/^Map of/).click({ position: { x: 200, y: 160 } });
    await page.keyboard.press('ArrowRight');
    await page.keyboard.press('Escape');
    contentions.push(contention());
  }
  const still = await longestStandstill();
  const { tasks, inputs } = await page.evaluate(() => window.seen);
  const durations = Object.values(inputs);
  const [task, input] = [slow(tasks), slow(durations)];
  const shared = contentions.reduce((sum, one) => sum + one, 0) / contentions.length;
  console.info(
    `100,000 requests in ${((performance.now() - from) / 1000).toFixed(1)} s: 98 % of ${tasks.length} long tasks within ${task.toFixed(0)} ms, ` +
      `of ${durations.length} inputs to the next picture within ${input.toFixed(0)} ms, where work takes ${shared.toFixed(1)} times as long as alone ` +
      `and once stood still for ${still.toFixed(0)} ms; wanted ${quick} ms alone`,
  );
  expect(await page.locator('.counts').textContent()).toMatch(/^100k finished of 100k arrived/);
  expect(durations.length).toBeGreaterThan(20);
  expect(input).toBeLessThan(quick * shared + still);
  expect(task).toBeLessThan(quick * shared + still);
});

test('memory is as it was, however often a run is played', async () => {
  const page = await playing(20_000);
  const heaps = await heapsOf(page);
  const again = async (): Promise<void> => {
    await page.getByRole('button', { name: 'To the end' }).click();
    await page.getByRole('button', { name: 'Play again' }).click();
    await page.getByRole('button', { name: 'Pause' }).waitFor();
  };
  for (let i = 0; i < 3; i++) await again();
  const first = await heaps();
  for (let i = 0; i < 8; i++) await again();
  const last = await heaps();
  console.info(
    `after 3 and after 11 runs of 20,000 requests: page ${first.page.toFixed(1)} and ${last.page.toFixed(1)} MB, engine ${first.worker.toFixed(1)} and ${last.worker.toFixed(1)} MB`,
  );
  expect(first.worker).toBeGreaterThan(5);
  expect(last.page).toBeLessThan(first.page * 1.1 + 1);
  expect(last.worker).toBeLessThan(first.worker * 1.1 + 1);
});
