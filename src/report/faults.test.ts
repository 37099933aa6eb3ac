import { describe, expect, test } from 'vitest';
import type { FaultRecord } from '../serving/faults/fault.ts';
import { Interval, Metrics } from '../serving/metrics.ts';
import { faultSection, faultSummaries } from './faults.ts';
import type { Summary } from './summary.ts';

const [faultAt, restoredAt, seconds] = [20, 25, 60];
const record: FaultRecord = { text: 'gpu 3', kind: 'kill', at: faultAt, restoredAt, instances: 1, interrupted: 3, failed: 0, tokens: 100 };

/** What was lost where so many requests finish in each second, and so many of them miss an objective. */
function lost(finished: (second: number) => number, missed: (second: number) => number): number | undefined {
  const metrics = new Metrics(1);
  metrics.width = 1;
  metrics.intervals = Array.from({ length: seconds }, (_, second) =>
    Object.assign(new Interval(1), { finished: finished(second), good: finished(second) - missed(second) }),
  );
  return faultSummaries([record], metrics, { end: seconds, from: 0 })[0]?.goodputLost;
}

const varying = (second: number): number => 10 + ((7 * second) % 5);

describe('goodput that a fault has lost', () => {
  test('is nothing where all meet their objectives, however many there are', () => {
    expect(lost(varying, () => 0)).toBe(0);
    expect(
      lost(
        (second) => (second < faultAt ? 10 : 3),
        () => 0,
      ),
    ).toBe(0);
  });

  test('is what misses them from then on, less what misses them anyway', () => {
    expect(lost(varying, (second) => (second === 22 ? 5 : 0))).toBe(5);
    expect(
      lost(
        () => 10,
        () => 1,
      ),
    ).toBeCloseTo(0, 9);
    expect(
      lost(
        () => 10,
        (second) => (second === 22 ? 6 : 1),
      ),
    ).toBeCloseTo(5, 9);
    expect(lost(varying, (second) => (second === 50 ? 5 : 0))).toBe(0);
  });

  test('goes on behind the ten seconds for as long as more miss them than before', () => {
    expect(lost(varying, (second) => (second >= 22 && second < 45 ? 2 : 0))).toBe(46);
  });

  test('is not told where none ended before', () => {
    expect(
      lost(
        (second) => (second < faultAt ? 0 : 10),
        () => 0,
      ),
    ).toBeUndefined();
  });
});

describe('output before a fault', () => {
  /** Where output grows by 1 tok/s in each second, and the warm-up lasts until `from`. */
  const before = (from: number): { readonly figure: number | undefined; readonly report: string } => {
    const metrics = new Metrics(1);
    metrics.width = 1;
    metrics.intervals = Array.from({ length: seconds }, (_, second) => Object.assign(new Interval(1), { outputServed: second }));
    const faults = faultSummaries([record], metrics, { end: seconds, from });
    const summary = { faults, requests: { arrived: 1, failed: 0 }, window: { from } } as unknown as Summary;
    return { figure: faults[0]?.before, report: JSON.stringify(faultSection(summary)?.blocks[0]) };
  };

  test('is that of the ten seconds before, without the warm-up', () => {
    expect(before(0).figure).toBe(14.5);
    expect(before(18).figure).toBe(18.5);
  });

  test('is not told of a fault in the warm-up, and the report says why', () => {
    expect(before(25).figure).toBeUndefined();
    expect(before(25).report).toContain('in warm-up');
    expect(before(18).report).not.toContain('in warm-up');
  });
});
