import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { expect, test } from 'vitest';
import { firstDifference } from '../bytes/scenarios.ts';
import { supernode } from '../fixtures/command-line.ts';
import { useBrowser } from './browser.ts';

const open = useBrowser();
const path = (file: string): string => fileURLToPath(new URL(`../../${file}`, import.meta.url));

test.each(['cloudmatrix384-deepseek-r1', 'h100-llama-3.1-70b', 'closed-loop', 'experts-unbalanced'])(
  '%s: the page answers with the bytes of simulate --json',
  async (name) => {
    const file = path(`examples/${name}.yaml`);
    const flags = ['--requests', '1500', '--json', ...(name === 'closed-loop' ? [] : ['--no-intervals'])];
    const { out: asked } = await supernode('simulate', file, ...flags);
    const scenario = parse(readFileSync(file, 'utf8')) as { readonly workload: object };
    const page = await open();
    await page.waitForFunction(() => performance.getEntriesByType('resource').some((entry) => /worker-[^/]*\.js$/.test(entry.name)));
    const answered = await page.evaluate(
      async (body) => {
        const script = performance.getEntriesByType('resource').find((entry) => /worker-[^/]*\.js$/.test(entry.name)) as PerformanceEntry;
        const worker = new Worker(script.name, { type: 'module' });
        worker.postMessage({ id: 1, body }, []);
        const { data } = await new Promise<MessageEvent<{ readonly value: string }>>((resolve) => {
          worker.addEventListener('message', resolve);
        });
        worker.terminate();
        return data.value;
      },
      { ask: 'simulate', name, scenario: { ...scenario, workload: { ...scenario.workload, requests: 1500 } }, files: [], intervals: name === 'closed-loop' },
    );
    expect(answered.length).toBeGreaterThan(10_000);
    expect(firstDifference(answered, asked)).toBe('');
  },
);
