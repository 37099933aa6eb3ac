import process from 'node:process';

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
