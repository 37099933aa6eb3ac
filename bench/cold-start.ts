import { spawnSync } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../cli/supernode.js', import.meta.url));
const runs = 10;

/** Least wall time of `runs` starts of a command line, after one that fills the compile cache. [s] */
function leastTime(args: readonly string[]): number {
  const times = Array.from({ length: runs + 1 }, () => {
    const start = performance.now();
    const { status, stderr } = spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });
    if (status !== 0) throw new Error(`supernode ${args.join(' ')} ended with ${status}: ${stderr}`);
    return (performance.now() - start) / 1000;
  });
  return Math.min(...times.slice(1));
}

for (const args of [['--help'], ['machines']])
  process.stdout.write(`supernode ${args.join(' ').padEnd(10)} ${leastTime(args).toFixed(3)} s (least of ${runs}; budget 0.3 s)\n`);
