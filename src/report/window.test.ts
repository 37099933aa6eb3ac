import { describe, expect, test } from 'vitest';
import { Interval, Metrics } from '../serving/metrics.ts';
import { steadyWindow, type Window } from './window.ts';

interface Second {
  readonly arrived: number;
  readonly finished: number;
  readonly waiting: number;
  readonly running: number;
  readonly failed?: number;
  /** That of each request that finishes. [s] */
  readonly e2e: number;
}

/** The window of a run that goes on for so many seconds, in so many of which requests arrive. */
function windowOf(seconds: number, arrivals: number, of: (second: number) => Second): Window {
  const metrics = new Metrics(0);
  metrics.width = 1;
  metrics.intervals = Array.from({ length: seconds }, (_, second) => {
    const { e2e, ...counts } = of(second);
    const interval = Object.assign(new Interval(0), counts);
    if (counts.finished > 0) interval.e2e.add(e2e, counts.finished);
    return interval;
  });
  return steadyWindow(metrics, arrivals, seconds, 0);
}

describe('whether a run keeps up', () => {
  test('it does where as many finish as arrive', () => {
    const { steady, saturated, saturation } = windowOf(110, 100, () => ({ arrived: 10, finished: 10, waiting: 0, running: 80, e2e: 8 }));
    expect([steady, saturated]).toEqual([true, false]);
    expect(saturation).toMatch(/^keeps up: in flight 80/);
  });

  test('it does not where more wait than run and most do not end, long or short, however much of it is drain', () => {
    const overloaded = (second: number): Second =>
      second < 8
        ? { arrived: 500, finished: 0, waiting: 500 * second, running: 500, e2e: 0 }
        : { arrived: 0, finished: 20, waiting: Math.max(0, 3500 - 20 * second), running: 500, e2e: 90 };
    expect(windowOf(200, 8, overloaded)).toMatchObject({ steady: false, saturated: true });
    const half = (second: number): Second => ({ arrived: 30, finished: 18, waiting: 12 * second, running: 500, e2e: 28 + 0.4 * second });
    expect(windowOf(300, 128, half)).toMatchObject({ steady: false, saturated: true });
  });

  test('it does not where a long run falls behind, though what it has taken in runs', () => {
    const { saturated, saturation } = windowOf(400, 400, (second) => ({ arrived: 10, finished: 9, waiting: 0, running: 20 + second, e2e: 10 }));
    expect(saturated).toBe(true);
    expect(saturation).toMatch(/^saturated: 90.0 % of the arrivals end in time/);
  });

  test('requests that failed have ended as well', () => {
    const { saturated } = windowOf(400, 400, (second) => ({ arrived: 10, finished: 9, failed: 1, waiting: 0, running: 20 + 0.1 * second, e2e: 10 }));
    expect(saturated).toBe(false);
  });

  test('a run that has only begun to fill up does not tell', () => {
    const { saturated, saturation } = windowOf(24, 16, (second) => ({ arrived: 12, finished: second < 5 ? 0 : 7, waiting: 1, running: 5 * second, e2e: 7 }));
    expect(saturated).toBe(false);
    expect(saturation).toMatch(/^too short to tell/);
  });

  test('what chance leaves behind in a few residences is not falling behind', () => {
    const few = (second: number): Second => ({ arrived: 12, finished: 11.5, waiting: 0, running: 60 + 1.5 * Math.max(0, second - 20), e2e: 7 });
    expect(windowOf(45, 42, few).saturated).toBe(false);
  });
});
