import fc from 'fast-check';
import { expect, test } from 'vitest';
import { interleaved, mostFollowed, type Interleaving } from './interleave.ts';
import { Overlap, type LayerRuns } from './overlap.ts';
import { withoutLag } from './without-lag.ts';

/** Ends of all slots of one lag, each behind all that it follows. */
function endsOf({ runOf, follows }: Interleaving, times: readonly number[]): readonly number[] {
  const end: number[] = [];
  for (const [place, run] of runOf.entries()) {
    const before = Array.from(follows.subarray(mostFollowed * place, mostFollowed * (place + 1)), (other) => end[other] ?? 0);
    end.push(Math.max(...before) + (times[run] ?? 0));
  }
  return end;
}

function lengthOf(interleaving: Interleaving, times: readonly number[], count: number): number {
  const end = endsOf(interleaving, times);
  const of = interleaving.ends.map((places) => Math.max(...Array.from(places, (place) => end[place] ?? 0)));
  const last = of.at(-1) ?? 0;
  return of.length < 3 ? last + (count - of.length) * last : last + (count - of.length) * ((of.at(-2) ?? 0) - (of.at(-3) ?? 0));
}

/** Times of runs that are all different, or of which many are equal. */
const anyTime = fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 0, max: 3 }));

/** Runs on streams, of which some wait for one more than that in front of them or for another one, and how many of them are handed over at once. */
const layer = fc
  .record({
    runs: fc.array(fc.record({ stream: fc.integer({ min: 0, max: 3 }), time: anyTime, also: fc.integer({ min: 1, max: 9 }) }), { minLength: 1, maxLength: 9 }),
    least: fc.integer({ min: 0, max: 2 }),
    together: fc.integer({ min: 1, max: 3 }),
  })
  .map(({ runs, least, together }) => ({
    streams: Int32Array.from(runs, ({ stream }) => stream),
    after: runs.map(({ also }, run) => (also === 9 && run > 1 ? [run - 2] : also < 4 && run > also ? [run - 1 - also, run - 1] : [run - 1])),
    turns: Array.from({ length: Math.ceil(runs.length / together) }, (_, i) => runs.map((_run, run) => run).slice(i * together, (i + 1) * together)),
    times: runs.map(({ time }) => least + time),
  }));

/** The first of the lags that take the least time, each laid out. */
function naiveBest(runs: LayerRuns, times: readonly number[], count: number): number {
  let best = 0;
  let least = Infinity;
  for (let lag = 0; lag < (runs.turns?.length ?? 0); lag++) {
    const length = lengthOf(interleaved(runs, Math.min(3, count), lag), times, count);
    if (length >= least * (1 - 1e-9)) continue;
    least = length;
    best = lag;
  }
  return best;
}

test('where it is seen that no lag is better than none, none is', () => {
  let seen = 0;
  fc.assert(
    fc.property(layer, fc.integer({ min: 1, max: 60 }), ({ times, ...runs }, count) => {
      const layers = Math.min(3, count);
      const interleavings = runs.turns.map((_, lag) => interleaved(runs, layers, lag));
      const weights = withoutLag(runs, interleavings);
      if (weights.some((row) => row.reduce((sum, weight, run) => sum + weight * (times[run] ?? 0), 0) < 0)) return;
      seen++;
      expect(naiveBest(runs, times, count)).toBe(0);
    }),
    { numRuns: 2000 },
  );
  expect(seen).toBeGreaterThan(100);
});

test('layers are laid out with the lag that takes the least time', () => {
  fc.assert(
    fc.property(layer, fc.integer({ min: 1, max: 60 }), ({ times, ...runs }, count) => {
      const [any, best] = [new Overlap(runs, count), new Overlap(runs, count, naiveBest(runs, times, count))];
      // Other times before: nothing of them is left.
      for (const used of [times.map((time) => 5 - time), times]) {
        any.times.set(used);
        any.lay();
      }
      best.times.set(times);
      best.lay();
      expect(any.shares).toEqual(best.shares);
    }),
    { numRuns: 500 },
  );
});
