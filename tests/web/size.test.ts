import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { expect, inject, test } from 'vitest';

/** Gzip sizes of the built files by what their names begin with. [kB] */
function sizes(): ReadonlyMap<string, number> {
  const folder = join(inject('site').folder, 'assets');
  return new Map(readdirSync(folder).map((file) => [file, gzipSync(readFileSync(join(folder, file)), { level: 9 }).length / 1000]));
}

function sizeOf(beginnings: readonly string[]): number {
  return [...sizes()].filter(([file]) => beginnings.some((beginning) => file.startsWith(beginning))).reduce((sum, [, size]) => sum + size, 0);
}

test.each([
  // The page with the view that is shown first, its charts among it.
  ['first load', ['index-', 'run-view-', 'map-state-', 'part-now-'], 90],
  ['the engine', ['worker-'], 200],
  ['calibration', ['calibration-'], 52],
  ['facts', ['facts-'], 50],
])('%s is at most %s', (what, beginnings, ceiling) => {
  const size = sizeOf(beginnings);
  expect(size, `${what}: nothing was built`).toBeGreaterThan(1);
  expect(size, `${what} in kB gzipped`).toBeLessThanOrEqual(ceiling);
});
