import { expect, test } from 'vitest';
import { commands } from 'vitest/browser';

declare module 'vitest/browser' {
  interface BrowserCommands {
    nodeRate: () => Promise<number>;
    endNode: () => Promise<void>;
  }
}

/** The engine's rate in one more run of a worker. [requests/s] */
function rateIn(worker: Worker): Promise<number> {
  return new Promise<number>((resolve, reject) => {
    worker.addEventListener(
      'message',
      ({ data }: MessageEvent<{ readonly rate?: number; readonly error?: string }>) =>
        data.rate === undefined ? reject(new Error(data.error)) : resolve(data.rate),
      { once: true },
    );
    worker.addEventListener('error', (event) => reject(new Error(event.message)), { once: true });
    worker.postMessage({});
  });
}

/** Runs of each in which the compiler does its work, and at most. */
const fewest = 8;
const most = 64;

test('the engine does at least half of the Node rate in a worker of the page', { timeout: 180_000 }, async () => {
  const worker = new Worker(new URL('./worker.ts', import.meta.url), { type: 'module' });
  let [inWorker, inNode] = [0, 0];
  // A run of one and a run of the other, a tenth of a second each, so that other load of the machine comes over both; the best of each counts.
  for (let runs = 0; runs < fewest || (runs < most && inWorker < inNode / 2); runs++) {
    inWorker = Math.max(inWorker, await rateIn(worker));
    inNode = Math.max(inNode, await commands.nodeRate());
  }
  worker.terminate();
  await commands.endNode();
  const thousands = (rate: number): string => `${(rate / 1000).toFixed(1)} k requests/s`;
  console.log(`engine in a worker of the page: ${thousands(inWorker)}, in Node: ${thousands(inNode)}, ratio ${(inWorker / inNode).toFixed(2)}`);
  expect(inWorker / inNode).toBeGreaterThan(0.5);
});
