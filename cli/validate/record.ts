import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { CaseResult } from '../../src/ledger/result.ts';

const recordFile = fileURLToPath(new URL('../../validation/recorded.json', import.meta.url));

/** Signed errors by the name of the case, as they were written down last. */
export type Recorded = Readonly<Record<string, number>>;

export function readRecord(): Recorded {
  return JSON.parse(readFileSync(recordFile, 'utf8')) as Recorded;
}

/** Digits behind the point: enough for medians of the page, in tenths of a percent, to be those of the page of trust. */
const digits = 6;

/** Errors as they are written down, by name. */
function recordOf(results: readonly CaseResult[]): Recorded {
  const sorted = results.toSorted((a, b) => (a.case.id < b.case.id ? -1 : 1));
  return Object.fromEntries(sorted.map(({ case: { id }, error }) => [id, Number(error.toFixed(digits))]));
}

export function writeRecord(results: readonly CaseResult[]): void {
  writeFileSync(recordFile, `${JSON.stringify(recordOf(results), undefined, 2)}\n`);
}

/** How much an error may grow before it is told: a point. */
const most = 0.01;

/** Cases whose error grew by more than a point, or that nothing is written down of, in words. */
export function grown(results: readonly CaseResult[], recorded: Recorded): readonly string[] {
  const percent = (error: number): string => `${(error * 100).toFixed(1)} %`;
  return results.flatMap(({ case: { id }, error }) => {
    const before = recorded[id];
    if (before === undefined) return [`${id}: nothing is recorded`];
    return Math.abs(error) <= Math.abs(before) + most ? [] : [`${id}: ${percent(error)}, ${percent(before)} is recorded`];
  });
}
