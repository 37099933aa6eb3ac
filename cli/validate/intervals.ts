import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Cell } from '../../src/catalogue/cell.ts';
import { intervalFor } from '../../src/ledger/interval.ts';
import type { CaseResult, IntervalSource } from '../../src/ledger/result.ts';

const file = fileURLToPath(new URL('../../validation/intervals.json', import.meta.url));

/** Ends over the predicted figure, by the name of a case. */
type Factors = Readonly<Record<string, readonly [low: number, high: number]>>;

/** Works every interval out. */
export function freshIntervals(cells: readonly Cell[]): IntervalSource {
  return ({ question }, predicted, runs) => intervalFor(question, predicted, cells, runs);
}

/** The same, but for runs of traffic, each of which takes as long as ten: their ranges are those that were written down last. */
export function recordedIntervals(cells: readonly Cell[]): IntervalSource {
  const factors = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Factors) : {};
  return ({ id, question }, predicted, runs) => {
    if (question.kind !== 'serving') return intervalFor(question, predicted, cells, runs);
    const [low, high] = factors[id] ?? [];
    return low === undefined || high === undefined ? undefined : { low: low * predicted, high: high * predicted };
  };
}

const digits = 4;

/** Writes down the ranges of runs of traffic. */
export function writeIntervals(results: readonly CaseResult[]): void {
  const sorted = results.toSorted((a, b) => (a.case.id < b.case.id ? -1 : 1));
  const lines = sorted.flatMap(({ case: { id, question }, predicted, interval }) => {
    if (interval === undefined || question.kind !== 'serving') return [];
    const ends = [interval.low / predicted, interval.high / predicted].map((end) => Number(end.toFixed(digits)));
    return [`  ${JSON.stringify(id)}: [${ends.join(', ')}]`];
  });
  writeFileSync(file, `{\n${lines.join(',\n')}\n}\n`);
}
