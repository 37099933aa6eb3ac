import { rmSync } from 'node:fs';
import process from 'node:process';

/** Files that are being written under another name, by their paths. */
const partials: Set<string> = new Set();
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** From now on the file is taken away should the program end, also by a signal that nothing else waits for. */
export function holdPartial(path: string): void {
  if (partials.size === 0) {
    process.once('exit', remove);
    // Before all others: those that wait once are not counted any more when they have been told.
    for (const signal of signals) process.prependListener(signal, endBy);
  }
  partials.add(path);
}

/** The file is in its place, or given up. */
export function releasePartial(path: string): void {
  if (!partials.delete(path) || partials.size > 0) return;
  process.off('exit', remove);
  for (const signal of signals) process.off(signal, endBy);
}

function remove(): void {
  for (const path of partials) rmSync(path, { force: true });
}

function endBy(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return;
  remove();
  process.off(signal, endBy);
  // As if it had not been waited for.
  process.kill(process.pid, signal);
}
