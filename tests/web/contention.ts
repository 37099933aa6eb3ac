import process from 'node:process';
import { Worker } from 'node:worker_threads';

/** How long a piece of work that needs so much processor time is timed for. [ms] */
const sample = 60;

/** How much longer work takes now than on a machine with nothing else to do: wall time by processor time of a loop, at least 1. */
export function contention(): number {
  const [from, before] = [performance.now(), process.cpuUsage()];
  let used = 0;
  while (used < sample) {
    const { user, system } = process.cpuUsage(before);
    used = (user + system) / 1000;
  }
  return Math.max(1, (performance.now() - from) / used);
}

/** Looks from a thread of its own for times in which the machine let nothing run. Returns the longest since it was begun. [ms] */
export function standstills(): () => Promise<number> {
  const worker = new Worker(
    `const { parentPort } = require('node:worker_threads');
    let [last, longest] = [performance.now(), 0];
    setInterval(() => {
      const now = performance.now();
      longest = Math.max(longest, now - last);
      last = now;
    }, 10);
    parentPort.on('message', () => parentPort.postMessage(longest));`,
    { eval: true },
  );
  return async () => {
    const longest = new Promise<number>((resolve) => {
      worker.once('message', resolve);
    });
    worker.postMessage('longest', []);
    await longest.finally(() => worker.terminate());
    return longest;
  };
}
