import fc from 'fast-check';
import { expect, test } from 'vitest';
import { interleaved, mostFollowed, type Interleaving } from './interleave.ts';
import { Lags } from './lags.ts';

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

/** Runs on streams, of which some wait for one more than that in front of them. */
const layer = fc
  .array(fc.record({ stream: fc.integer({ min: 0, max: 3 }), time: fc.double({ min: 0, max: 1, noNaN: true }), also: fc.integer({ min: 1, max: 9 }) }), {
    minLength: 1,
    maxLength: 9,
  })
  .map((runs) => ({
    streams: Int32Array.from(runs, ({ stream }) => stream),
    after: runs.map(({ also }, run) => (also < 4 && run > also ? [run - 1 - also, run - 1] : [run - 1])),
    times: runs.map(({ time }) => time),
  }));

test('lengths by all lags at once are those of every lag by itself, to the last bit', () => {
  fc.assert(
    fc.property(layer, fc.integer({ min: 1, max: 60 }), fc.double({ min: 0, max: 2, noNaN: true }), ({ times, ...runs }, count, share) => {
      const layers = Math.min(3, count);
      const interleavings = times.map((_, lag) => interleaved(runs, layers, lag));
      const lags = new Lags(interleavings, layers, times.length);
      // Other times before: nothing of them is left.
      for (const used of [times.map((time) => 1 - time), times]) {
        lags.lay(Float64Array.from(used));
        for (const [lag, interleaving] of interleavings.entries()) {
          const whole = lengthOf(interleaving, used, count);
          const enough = share * whole;
          const length = lags.length(lag, count, enough);
          expect(length >= enough ? whole >= enough : length === whole).toBe(true);
          expect(length).toBeLessThanOrEqual(whole);
          expect(lags.length(lag, count, Infinity)).toBe(whole);
        }
      }
    }),
    { numRuns: 500 },
  );
});
