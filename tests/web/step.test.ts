import { expect, test } from 'vitest';
import { firstDifference } from '../bytes/scenarios.ts';
import { supernode } from '../fixtures/command-line.ts';
import { useBrowser } from './browser.ts';
import { seriousProblems } from './accessibility.ts';

const open = useBrowser();
/** What a command line prints with `--json`: its words as a shell would split them, none of which has a space in it. */
async function printed(command: string): Promise<string> {
  const { out } = await supernode(...command.split(' ').slice(2), '--json');
  return out;
}

test.each(['cloudmatrix384-deepseek-r1', 'h100-llama-3.1-70b', 'nvl72-deepseek-r1'])(
  '%s: each pool is priced as on the command line, to the byte',
  async (name) => {
    const page = await open(`#/step?example=${name}`);
    for (const pool of ['Decode', 'Prefill']) {
      await page.getByText(pool, { exact: true }).click();
      const command = page.getByTestId('command');
      await expect.poll(() => command.textContent()).toContain(`--phase ${pool.toLowerCase()}`);
      const typed = (await command.textContent()) ?? '';
      const said = await page.evaluate(async (words) => {
        const flags: Record<string, string | boolean> = {};
        for (let i = 0; i < words.length; i++) {
          const key = (words[i] as string).slice(2).replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
          const next = words[i + 1];
          flags[key] = next === undefined || next.startsWith('--') ? true : next;
          if (flags[key] !== true) i++;
        }
        const script = performance.getEntriesByType('resource').find((entry) => /worker-[^/]*\.js$/.test(entry.name)) as PerformanceEntry;
        const worker = new Worker(script.name, { type: 'module' });
        worker.postMessage({ id: 1, body: { ask: 'step', flags, files: [], whole: true } }, []);
        const { data } = await new Promise<MessageEvent<{ readonly value: unknown }>>((resolve) => worker.addEventListener('message', resolve));
        worker.terminate();
        return JSON.stringify(data.value, undefined, 2);
      }, typed.split(' ').slice(3));
      expect(firstDifference(`${said}\n`, await printed(typed))).toBe('');
    }
  },
);

test('a slider is answered at once; the answer is in the link, and the scenario can take it over', async () => {
  const page = await open('#/step?example=cloudmatrix384-deepseek-r1');
  const iteration = page.locator('.figures dd').first();
  const before = await iteration.textContent();
  const batch = page.getByRole('slider', { name: 'Batch' });
  await batch.focus();
  await page.keyboard.press('ArrowLeft');
  await expect.poll(() => iteration.textContent()).not.toBe(before);
  expect(await batch.getAttribute('aria-valuetext')).toBe('32 per rank');
  await expect.poll(() => page.url()).toContain('batch=32');
  await expect.poll(() => page.locator('.figures .interval').first().textContent()).toMatch(/ to /);
  // What the die multiplies at each of its rates.
  await page.locator('.roofline').getByText('bf16, fp16', { exact: true }).waitFor();
  const after = await iteration.textContent();

  const other = await open(page.url().slice(page.url().indexOf('#')));
  await expect.poll(() => other.locator('.figures dd').first().textContent()).toBe(after);
  await other.getByRole('button', { name: 'Use in the scenario' }).click();
  await expect.poll(() => other.url()).not.toContain('batch=32');
  await expect.poll(() => other.getByTestId('command').textContent()).toContain('--batch 32/rank');
  await expect.poll(() => other.locator('.figures dd').first().textContent()).toBe(after);
});

test('what does not fit is said beside its slider, with the figure, and the last answer stays', async () => {
  const page = await open('#/step?example=h100-llama-3.1-70b');
  const iteration = page.locator('.figures dd').first();
  await iteration.waitFor();
  const context = page.getByRole('slider', { name: 'Context' });
  await context.focus();
  await page.keyboard.press('End');
  const problem = page.locator('.knobs [role=alert]').first();
  await expect.poll(() => problem.textContent()).toMatch(/the KV of .* needs .* per die, .* there: at most \d+ per rank fit/);
  expect(await iteration.textContent()).toMatch(/ m?s$/);
});

test('chips are counted, with no decimals', async () => {
  const page = await open('#/step?example=nvl72-deepseek-r1');
  await expect.poll(() => page.locator('.answer').textContent()).toContain('48 chips');
});

test('width of experts, drafts and microbatches change the iteration', async () => {
  const page = await open('#/step?example=cloudmatrix384-deepseek-r1');
  const command = page.getByTestId('command');
  await page.getByRole('slider', { name: 'Expert parallelism' }).focus();
  await page.keyboard.press('ArrowLeft');
  await expect.poll(() => command.textContent()).toMatch(/--expert-parallel 288/);
  await page.getByRole('slider', { name: 'Drafted tokens' }).focus();
  await page.keyboard.press('ArrowRight');
  await expect.poll(() => command.textContent()).toMatch(/--mtp 2:0.7/);
  await page.getByRole('radio', { name: '1', exact: true }).focus();
  await page.keyboard.press('Space');
  await expect.poll(() => command.textContent()).toMatch(/--microbatches 1/);
  await expect.poll(() => page.locator('.answer').textContent()).toContain('EP288');
  expect(await page.locator('.knobs [role=alert]').count()).toBe(0);
});

test.each(['light', 'dark'] as const)('the step view has no serious problem of accessibility, %s', async (theme) => {
  const page = await open('#/step?example=cloudmatrix384-deepseek-r1');
  await page.emulateMedia({ colorScheme: theme });
  await page.locator('.figures').waitFor();
  expect(await seriousProblems(page)).toEqual([]);
});

test('on a tablet no figure is parted from its unit, and what would help is said in Chinese', async () => {
  const page = await open('#/step?example=cloudmatrix384-deepseek-r1', { viewport: { width: 820, height: 1180 } });
  await page.locator('.knobs').waitFor();
  await page.getByLabel('Language').selectOption('zh');
  await page.getByText('批大小 × 2').waitFor();
  expect(await page.locator('.bottleneck').textContent()).not.toMatch(/\d %/);
  await page.getByText('权重：attention').waitFor();
  const rows = page.locator('.rows td.right.quiet');
  const lines = await rows.evaluateAll((cells) =>
    cells.map((cell) => {
      const range = document.createRange();
      range.selectNodeContents(cell);
      return range.getClientRects().length;
    }),
  );
  expect(lines.length).toBeGreaterThan(8);
  expect(Math.max(...lines)).toBe(1);
});
