import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, inject, test } from 'vitest';

const folder = (): string => join(inject('site').folder, 'assets');

/** Built files that begin with a name, and all that they import at once; what they fetch later is not among them. */
function loadedWith(beginnings: readonly string[]): ReadonlySet<string> {
  const files = readdirSync(folder());
  const loaded = new Set<string>();
  const load = (file: string): void => {
    if (loaded.has(file)) return;
    loaded.add(file);
    if (!file.endsWith('.js')) return;
    for (const [, other = ''] of readFileSync(join(folder(), file), 'utf8').matchAll(/(?:from|import)\s*["'`]\.\/([\w.-]+)["'`]/g)) load(other);
  };
  for (const file of files) if (beginnings.some((beginning) => file.startsWith(beginning))) load(file);
  return loaded;
}

/** Of files together, gzipped. [kB] */
function gzipped(files: ReadonlySet<string>): number {
  return [...files].reduce((sum, file) => sum + gzipSync(readFileSync(join(folder(), file)), { level: 9 }).length / 1000, 0);
}

test.each([
  // The page with the view that is shown first, its charts among it.
  ['first load, the engine apart', ['index-', 'run-view-'], 90],
  // What the run of a first visit is priced with; wanted are 200.
  ['the engine with its calibration', ['worker-', 'calibration-ascend-910-'], 197],
  // Of other machines: the largest.
  ['calibration of a generation of chips', ['calibration-hopper-'], 26],
  ['calibration of another', ['calibration-blackwell-'], 24],
  ['facts', ['facts-'], 50],
  // Each when it is shown, with what it shares with others.
  ['step view', ['step-view-'], 34],
  ['compare view', ['compare-view-'], 36],
  ['scenario view, with its schema', ['scenario-view-'], 36],
  ['trust view', ['trust-view-'], 36],
  ['the ledger', ['ledger-'], 26],
  ['charts of statistics', ['src-'], 132],
])('%s: gzipped at most', (what, beginnings, ceiling) => {
  const files = loadedWith(beginnings);
  expect(files.size, `${what}: nothing was built`).toBeGreaterThan(0);
  const size = gzipped(files);
  console.info(`${what}: ${size.toFixed(1)} kB gzipped of at most ${ceiling}`);
  expect(size).toBeGreaterThan(5);
  expect(size).toBeLessThanOrEqual(ceiling);
});
