import { readFileSync } from 'node:fs';
import type { Page } from 'playwright';
import { expect, test } from 'vitest';
import { useBrowser } from './browser.ts';
import { contention } from './contention.ts';

const open = useBrowser();

const seconds = async (page: Page): Promise<number> => Number.parseFloat((await page.getByTestId('time').textContent()) ?? 'NaN');
const until = (page: Page, time: number): Promise<unknown> =>
  page.waitForFunction((least) => Number.parseFloat(document.querySelector('[data-testid=time]')?.textContent ?? '') >= least, time);

/** A first visit shows a running machine so soon, on a machine with nothing else to do; on one whose processors are shared it waits for its share. [ms] */
const soon = 2000;

test('a first visit shows a running supernode', async () => {
  const visits: { readonly running: number; readonly shared: number }[] = [];
  for (let visit = 0; visit < 3; visit++) {
    const before = contention();
    const page = await open('', { first: true });
    const seen = await page.waitForFunction(
      () => Number.parseFloat(document.querySelector('[data-testid=time]')?.textContent ?? '') > 0 && performance.now(),
      undefined,
      { polling: 10 },
    );
    visits.push({ running: Number(await seen.jsonValue()), shared: (before + contention()) / 2 });
    await until(page, 0.3);
    expect(await page.getByRole('button', { name: 'Pause' }).isVisible()).toBe(true);
    expect(await page.getByLabel(/^Map of CloudMatrix384/).isVisible()).toBe(true);
    expect(await page.getByText(/finished of \d+ arrived \(30\.0k in all\)/).isVisible()).toBe(true);
    await page.context().close();
  }
  const told = visits.map(({ running, shared }) => `${Math.round(running)} ms where work takes ${shared.toFixed(1)} times as long as alone`);
  console.info(`first visits: running after ${told.join(', ')}; wanted ${soon} ms alone`);
  const [, usual] = visits.map(({ running, shared }) => running / shared).toSorted((a, b) => a - b);
  expect(usual).toBeLessThan(soon);
});

test('pause stands still, speed and the slider move time, back too, and the end is the end', async () => {
  const page = await open('#/run?example=closed-loop');
  await until(page, 0.5);
  expect(await page.locator('.flow').textContent()).toMatch(/8 × 1 GPU[^s]/);
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('button', { name: 'Play', exact: true }).waitFor();
  const stopped = await seconds(page);
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
  expect(await seconds(page)).toBe(stopped);
  await page.getByLabel('Speed').selectOption('64');
  await until(page, stopped + 5);
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('slider', { name: 'Simulated time' }).fill('1');
  await page.waitForFunction(() => Number.parseFloat(document.querySelector('[data-testid=time]')?.textContent ?? '') < 1.2);
  await page.getByRole('button', { name: 'To the end' }).click();
  await page.getByRole('button', { name: 'Play again' }).waitFor();
  expect(await page.locator('.counts').textContent()).toMatch(/waiting 0.*running 0/);
});

test('the slider stands before its end while nobody knows when that will be', async () => {
  const page = await open('#/run?example=agentic');
  await until(page, 1.5);
  await page.getByRole('button', { name: 'Pause' }).click();
  const slider = page.getByRole('slider', { name: 'Simulated time' });
  expect(Number(await slider.inputValue()) / Number(await slider.getAttribute('max'))).toBeLessThan(0.9);
});

test('kill an NPU and watch the recovery: requests are hit, a spare takes over, the fault is told', async () => {
  const page = await open();
  await page.getByTestId('time').waitFor();
  const example = readFileSync(new URL('../../examples/cloudmatrix384-deepseek-r1.yaml', import.meta.url), 'utf8');
  const quick = `${example}\nrecovery: { detection: 500 ms, restart: 2 s }\n`;
  await page
    .getByLabel('Open file', { exact: true })
    .first()
    .setInputFiles([{ name: 'quick.yaml', mimeType: 'text/plain', buffer: Buffer.from(quick) }]);
  await page.waitForFunction(() => location.hash.includes('s='));
  await until(page, 0.4);
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByLabel('Go to part').fill('NPU 17');
  await page.keyboard.press('Enter');
  expect(await page.locator('.part').textContent()).toMatch(/npu 17Runs prefill 1/);
  await page.locator('.part').getByRole('button', { name: 'Kill' }).click();
  await page.getByRole('tab', { name: 'Faults' }).click();
  const row = page.getByRole('row', { name: /npu 17 killed/ });
  await row.waitFor();
  await page.waitForFunction(() => document.querySelector('.part')?.textContent?.includes('stands still'));
  await page.getByLabel('Speed').selectOption('16');
  await page.getByRole('row', { name: /npu 17 killed( [\d.]+ m?s){2}/ }).waitFor();
  const cells = await row.getByRole('cell').allTextContents();
  const [struck = NaN, repaired = NaN, serves = NaN] = cells.map((cell) => Number.parseFloat(cell) * (cell.endsWith(' ms') ? 0.001 : 1));
  // A spare takes its place before it is repaired: one detection and one restart after the blow.
  expect(repaired - struck).toBeCloseTo(10, 0);
  expect(serves - struck).toBeCloseTo(2.5, 1);
  expect(Number(cells[3])).toBe(1);
  expect(Number(cells[4])).toBeGreaterThan(0);
  const { hash } = new URL(page.url());
  await page.getByRole('button', { name: 'Write them into the scenario' }).click();
  await page.waitForFunction((before) => location.hash !== before, hash);
  await page.reload();
  await page.getByRole('tab', { name: 'Faults' }).click();
  await page.getByRole('row', { name: /npu 17 killed/ }).waitFor();
});

test('a link that is slow, and a part that is not there', async () => {
  const page = await open('#/run?example=cloudmatrix384-deepseek-r1');
  await page.getByRole('tab', { name: 'Faults' }).click();
  const panel = page.getByRole('tabpanel');
  await panel.getByLabel('Part').fill('L2 999');
  await panel.getByRole('button', { name: 'Kill' }).click();
  expect(await panel.getByRole('alert').textContent()).toBe('expected l2 0 to 111, or 0.0 to 6.15, got "L2 999"');
  // What was said of one part is not said of the next.
  await panel.getByLabel('Part').fill('L2 3.5');
  expect(await panel.getByRole('alert').count()).toBe(0);
  await panel.getByRole('button', { name: 'Slow to 50 %' }).click();
  await page.getByRole('row', { name: /L2 3\.5:50% slowed/ }).waitFor();
  // What hangs for good would be killed: no time is put in the place of the one that was chosen.
  await panel.getByLabel('Part').fill('npu 3');
  await panel.getByLabel('For').selectOption('for good');
  await panel.getByRole('button', { name: 'Hang' }).click();
  await panel.getByText('expected how long it hangs, got nothing').waitFor();
  expect(await page.getByRole('row', { name: /hung/ }).count()).toBe(0);
});

test('where the time of a request went: its phases add up to its whole time', async () => {
  const page = await open('#/run?example=cloudmatrix384-deepseek-r1');
  await until(page, 1.5);
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('tab', { name: 'Requests' }).click();
  const row = page.locator('.requests tbody tr').first();
  const [, , whole = ''] = await row.getByRole('cell').allTextContents();
  await row.getByRole('button').click();
  const inspector = page.locator('.inspector');
  await inspector.waitFor();
  const milliseconds = (text: string): number => Number.parseFloat(text) * (text.endsWith(' ms') ? 1 : text.endsWith(' µs') ? 1e-3 : 1000);
  const parts = await inspector.locator('li b').allTextContents();
  expect(parts.length).toBeGreaterThan(1);
  const sum = parts.reduce((total, part) => total + milliseconds(part), 0);
  expect(Math.abs(sum / milliseconds(whole) - 1)).toBeLessThan(0.02);
  await page.getByLabel('Request number').fill('0');
  await page.getByRole('button', { name: 'Inspect' }).click();
  await page.locator('.inspector[data-request="0"]').waitFor();
  await page.getByLabel('Request number').fill('29999');
  await page.getByRole('button', { name: 'Inspect' }).click();
  await page.getByText('No request 29999 has arrived yet').waitFor();
});

test('an iteration is explained by stage and engine', async () => {
  const page = await open('#/run?example=h100-llama-3.1-70b');
  await until(page, 1);
  await page.getByRole('button', { name: 'Pause' }).click();
  const timeline = page.getByLabel(/^Timeline of iterations/);
  await timeline.focus();
  await page.keyboard.press('ArrowLeft');
  const detail = page.locator('.step-detail');
  await detail.waitFor();
  expect(await detail.textContent()).toMatch(/attention-core.*memory/s);
  await page.getByRole('button', { name: 'Its operators and streams' }).click();
  await page.locator('main[data-view=step] .knobs').waitFor();
  expect(page.url()).toMatch(/#\/step\?.*batch=\d+.*context=\d+/);
});

test('a longer time of iterations is there at once, though the run stands still', async () => {
  const page = await open('#/run?example=h100-llama-3.1-70b');
  await until(page, 4);
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByRole('combobox', { name: 'Time that is shown' }).selectOption('5');
  /** Whether a lane is busy in the middle of the time that is shown: something else than an empty one is drawn there. */
  const busy = (): Promise<boolean> =>
    page.getByLabel(/^Timeline of iterations/).evaluate((canvas: HTMLCanvasElement) => {
      const { data } = (canvas.getContext('2d') as CanvasRenderingContext2D).getImageData(0, 9, canvas.width, 1);
      const at = (x: number): string => data.slice(4 * x, 4 * x + 3).join();
      return Array.from({ length: 40 }, (_, i) => at(Math.floor(canvas.width / 2) + i)).some((colour) => colour !== at(Math.floor(92 * devicePixelRatio) + 2));
    });
  await expect.poll(busy).toBe(true);
});

test('on a tablet what the deployment does is a row above the map', async () => {
  const page = await open('#/run?example=cloudmatrix384-deepseek-r1', { viewport: { width: 820, height: 1180 } });
  await until(page, 0.3);
  const box = await page.locator('.flow').boundingBox();
  expect(box?.height).toBeLessThan(200);
  expect(await page.locator('.flow span').evaluateAll((parts) => parts.every(({ scrollWidth, clientWidth }) => scrollWidth <= clientWidth))).toBe(true);
});

test('frames go on while a run plays', async () => {
  const page = await open();
  await until(page, 0.3);
  const gaps = await page.evaluate(
    () =>
      new Promise<readonly number[]>((resolve) => {
        const found: number[] = [];
        let last = performance.now();
        const frame = (): void => {
          const now = performance.now();
          found.push(now - last);
          last = now;
          if (found.length < 120) requestAnimationFrame(frame);
          else resolve(found.toSorted((a, b) => a - b));
        };
        requestAnimationFrame(frame);
      }),
  );
  console.info(`768 dies on screen: a frame every ${gaps[60]?.toFixed(1)} ms (median), 95 % within ${gaps[114]?.toFixed(1)} ms`);
  expect(gaps).toHaveLength(120);
});

test('charts tell what the pointer is at, all for the same time, and a click goes there', async () => {
  const page = await open('#/run?example=closed-loop');
  await until(page, 0.5);
  await page.getByRole('button', { name: 'To the end' }).click();
  await page.getByRole('button', { name: 'Play again' }).waitFor();
  const end = await seconds(page);
  const charts = page.locator('.series-chart');
  const values = async (): Promise<readonly string[]> => charts.locator('figcaption').allTextContents();
  const latest = await values();
  const middle = await charts.first().locator('.u-over').boundingBox();
  if (middle === null) throw new Error('no chart');
  await page.mouse.move(middle.x + middle.width / 2, middle.y + middle.height / 2);
  await expect.poll(values).not.toEqual(latest);
  const times = (await values()).map((text) => / ([\d.]+) s/.exec(text)?.[1]);
  expect(new Set(times).size).toBe(1);
  expect(Number(times[0]) / end).toBeCloseTo(0.5, 1);
  await page.mouse.down();
  await page.mouse.up();
  await expect.poll(async () => (await seconds(page)) / end).toBeCloseTo(0.5, 1);
  await page.mouse.move(5, 5);
  await expect.poll(async () => (await values()).some((text) => / [\d.]+ s/.test(text.split(/p50|running/)[0] ?? ''))).toBe(false);
});
