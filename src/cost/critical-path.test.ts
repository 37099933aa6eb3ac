import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Overlap, type LayerRuns } from './overlap.ts';

/** Times that are all different, or of which many are equal or nothing. */
const anyTime = fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 0, max: 3 }));
const size = fc.integer({ min: 1, max: 7 });

/** Runs of a layer, and times of several steps: new ones, or those of the step before a little longer or shorter. */
const layers = size.chain((length) =>
  fc.record({
    streams: fc.array(fc.integer({ min: 0, max: 2 }), { minLength: length, maxLength: length }),
    count: fc.integer({ min: 1, max: 60 }),
    lag: fc.option(fc.integer({ min: 0, max: 3 }), { nil: undefined }),
    drawn: fc.double({ min: 0, max: 0.4, noNaN: true }),
    steps: fc.array(
      fc.record({
        times: fc.option(fc.array(anyTime, { minLength: length, maxLength: length })),
        more: fc.array(fc.double({ min: 0.9, max: 1.1, noNaN: true }), { minLength: length, maxLength: length }),
      }),
      { minLength: 2, maxLength: 12 },
    ),
  }),
);

test('steps on a critical path that came up before have the shares of runs that laying them out has, to the last bit', () => {
  let known = 0;
  let all = 0;
  fc.assert(
    fc.property(layers, ({ streams, count, lag, drawn, steps }) => {
      const runs: LayerRuns = { streams: Int32Array.from(streams), after: streams.map((_, run) => [run - 1]) };
      const overlap = new Overlap(runs, count, lag);
      let times = streams.map(() => 1);
      for (const step of steps) {
        times = step.times ?? times.map((time, run) => time * (step.more[run] ?? 1));
        const naive = new Overlap(runs, count, lag);
        for (const one of [overlap, naive]) {
          one.times.set(times);
          one.memory.set(times.map((time) => drawn * time));
        }
        const before = overlap.steadyEnd;
        overlap.share();
        naive.lay();
        expect([...overlap.shares]).toEqual([...naive.shares]);
        if (times.every((time) => time === 0)) continue;
        all++;
        // What was not laid out has left the end of the step before.
        if (overlap.steadyEnd === before && naive.steadyEnd !== before) known++;
      }
    }),
    { numRuns: 2000 },
  );
  expect(known).toBeGreaterThan(all / 10);
});

test('what is laid out where streams share too little bandwidth is on no path', () => {
  const runs: LayerRuns = { streams: Int32Array.of(0, 1), after: [[-1], [0]] };
  const overlap = new Overlap(runs, 10);
  const lengthOf = (drawn: number): number => {
    overlap.times.set([5, 5]);
    overlap.memory.set([5 * drawn, 5 * drawn]);
    overlap.share();
    return overlap.shares.reduce((sum, share, run) => sum + share * (overlap.times[run] ?? 0), 0);
  };
  expect([lengthOf(0.5), lengthOf(0.5), lengthOf(1), lengthOf(0.5)]).toEqual([105, 105, 200, 105]);
});
