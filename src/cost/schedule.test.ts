import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { scheduleLayers, type Launch, type OperatorRuns, type Schedule } from './schedule.ts';

interface Work {
  readonly time: number;
  readonly stream: number;
  readonly memory: number;
}

interface Runs extends OperatorRuns {
  readonly times: Float64Array;
  readonly memory: Float64Array;
}

const launchesOf = ({ times, memory }: Runs): Launch[] => Array.from(times, (time, i) => ({ time, memory: memory[i] ?? 0 }));
const laid = (runs: Runs, count: number, lag?: number): Schedule => scheduleLayers(runs, launchesOf(runs), count, lag);

/** Runs of one operator each, one after another; `memory` is the share of the bandwidth that an operator draws. */
function chain(operators: readonly Work[]): Runs {
  return {
    times: Float64Array.from(operators, ({ time }) => time),
    memory: Float64Array.from(operators, ({ time, memory }) => time * memory),
    bounds: Int32Array.from({ length: operators.length + 1 }, (_, i) => i),
    streams: Int32Array.from(operators, ({ stream }) => stream),
    after: operators.map((_, i) => [i - 1]),
  };
}

const layerOf = (memory: number) =>
  fc.array(
    fc.record({ time: fc.integer({ min: 1, max: 1000 }), stream: fc.integer({ min: 0, max: 1 }), memory: fc.double({ min: 0, max: memory, noNaN: true }) }),
    {
      minLength: 1,
      maxLength: 10,
    },
  );
const lag = fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined });

const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((total, value) => total + value, 0);

describe('two microbatches over streams', () => {
  test('what is exposed sums to the layers, between the longest stream and no overlap at all', () => {
    fc.assert(
      fc.property(layerOf(1), fc.integer({ min: 1, max: 60 }), lag, (operators, count, behind) => {
        const runs = chain(operators);
        const whole = sum(laid(runs, count, behind).exposed);
        const busiest = Math.max(...[0, 1].map((stream) => sum(runs.times.filter((_, i) => runs.streams[i] === stream))));
        const near = 1e-9 * count * sum(runs.times);
        expect(whole).toBeGreaterThanOrEqual(2 * busiest * count - near);
        expect(whole).toBeLessThanOrEqual(2 * sum(runs.times) * count + near);
        expect(whole).toBeGreaterThanOrEqual(sum(runs.times) * count - near);
      }),
    );
  });

  test('slots of one stream and of one microbatch never overlap, and no more than the bandwidth is drawn', () => {
    fc.assert(
      fc.property(layerOf(1), lag, (operators, behind) => {
        const runs = chain(operators);
        const { slots } = laid(runs, 3, behind);
        for (const key of ['stream', 'microbatch'] as const)
          for (const value of [0, 1]) {
            const own = slots.filter((slot) => slot[key] === value).sort((a, b) => a.start - b.start || a.end - b.end);
            for (let i = 1; i < own.length; i++) expect(own[i]?.start).toBeGreaterThanOrEqual(own[i - 1]?.end ?? 0);
          }
        const end = Math.max(...slots.map((slot) => slot.end));
        const drawn = 6 * sum(runs.memory);
        expect(drawn).toBeLessThanOrEqual(end * (1 + 1e-9));
      }),
    );
  });

  test('runs that are handed over at once keep the same bounds, and one run a turn is no turns at all', () => {
    fc.assert(
      fc.property(
        layerOf(1),
        fc.array(fc.boolean(), { minLength: 10, maxLength: 10 }),
        fc.integer({ min: 1, max: 20 }),
        lag,
        (operators, cut, count, behind) => {
          const runs = chain(operators);
          const turns = operators.reduce<number[][]>((all, _, run) => {
            if (run === 0 || cut[run] === true) all.push([]);
            all.at(-1)?.push(run);
            return all;
          }, []);
          const whole = sum(laid({ ...runs, turns }, count, behind).exposed);
          const busiest = Math.max(...[0, 1].map((stream) => sum(runs.times.filter((_, i) => runs.streams[i] === stream))));
          const near = 1e-9 * count * sum(runs.times);
          expect(whole).toBeGreaterThanOrEqual(2 * busiest * count - near);
          expect(whole).toBeLessThanOrEqual(2 * sum(runs.times) * count + near);
          const single = operators.map((_, run) => [run]);
          expect(laid({ ...runs, turns: single }, count, behind)).toEqual(laid(runs, count, behind));
        },
      ),
    );
  });

  test('the lag that is chosen takes no longer than any that is given, while bandwidth is enough for all', () => {
    fc.assert(
      fc.property(layerOf(0.5), fc.integer({ min: 0, max: 9 }), (operators, behind) => {
        const runs = chain(operators);
        expect(sum(laid(runs, 5).exposed)).toBeLessThanOrEqual(sum(laid(runs, 5, behind).exposed) * (1 + 1e-9));
      }),
    );
  });

  test('one stream is a plain sum; two equal streams overlap all but the first and last half', () => {
    const at = (stream: number, time: number, memory = 0): Work => ({ stream, time, memory });
    expect(sum(laid(chain([at(0, 3), at(0, 4)]), 10).exposed)).toBe(140);
    expect(sum(laid(chain([at(0, 5), at(1, 5)]), 10).exposed)).toBe(105);
  });

  test('what draws all of the bandwidth at once takes twice as long; what draws little leaves the rest to the other', () => {
    const both = (first: number, second: number): Runs =>
      chain([
        { stream: 0, time: 5, memory: first },
        { stream: 1, time: 5, memory: second },
      ]);
    expect(sum(laid(both(1, 1), 10).exposed)).toBeCloseTo(200, 9);
    expect(sum(laid(both(0.75, 0.25), 10).exposed)).toBeCloseTo(105, 9);
    // 0.3 of the bandwidth goes unhindered, 0.9 gets 0.7 of it.
    const { steadyStart, steadyEnd } = laid(both(0.9, 0.3), 10);
    expect(steadyEnd - steadyStart).toBeGreaterThan(10);
    expect(steadyEnd - steadyStart).toBeLessThan((10 * 0.9) / 0.7 + 1e-9);
  });

  test('a run that follows two others begins with the later one', () => {
    const runs: Runs = {
      ...chain([
        { stream: 0, time: 1, memory: 0 },
        { stream: 1, time: 9, memory: 0 },
        { stream: 0, time: 2, memory: 0 },
        { stream: 0, time: 1, memory: 0 },
      ]),
      after: [[-1], [0], [0], [1, 2]],
    };
    const first = laid(runs, 1, 3).slots.filter(({ microbatch }) => microbatch === 0);
    expect(first.map(({ from, start }) => [from, start]).sort((a, b) => (a[0] ?? 0) - (b[0] ?? 0))).toEqual([
      [0, 0],
      [1, 1],
      [2, 1],
      [3, 10],
    ]);
  });
});
