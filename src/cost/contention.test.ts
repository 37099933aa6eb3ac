import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ManyStreams, type Contention, type Laid } from './contention.ts';
import { interleaved } from './interleave.ts';
import { TwoStreams } from './two-streams.ts';

const run = fc.record({
  stream: fc.integer({ min: 0, max: 1 }),
  time: fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 0, max: 3 })),
  share: fc.oneof(fc.double({ min: 0, max: 1, noNaN: true }), fc.constantFrom(0, 0.25, 0.5, 1)),
  also: fc.integer({ min: 1, max: 9 }),
});

test('two streams share the bandwidth as any number of them does, to the last bit', () => {
  fc.assert(
    fc.property(fc.array(run, { minLength: 2, maxLength: 9 }), fc.integer({ min: 1, max: 3 }), fc.nat({ max: 8 }), (runs, layers, lag) => {
      const streams = Int32Array.from(runs, ({ stream }, i) => (i === 0 ? 0 : i === 1 ? 1 : stream));
      const after = runs.map(({ also }, i) => (also < 4 && i > also ? [i - 1 - also, i - 1] : [i - 1]));
      const times = Float64Array.from(runs, ({ time }) => time);
      const memory = Float64Array.from(runs, ({ time, share }) => time * share);
      const places = 2 * layers * runs.length;
      const laid = (make: (into: Laid) => Contention): { readonly last: number; readonly into: Laid } => {
        const into = { end: new Float64Array(places + 1), before: new Int32Array(places), layerEnd: new Float64Array(layers) };
        const contention = make(into);
        const interleaving = interleaved({ streams, after }, layers, Math.min(lag, runs.length - 1));
        // Other times before: nothing of them is left.
        contention.lay(interleaving, times.toReversed(), memory.toReversed());
        return { last: contention.lay(interleaving, times, memory), into };
      };
      expect(laid((into) => new TwoStreams(into, runs.length))).toEqual(laid((into) => new ManyStreams(into, runs.length, 2)));
    }),
    { numRuns: 1000 },
  );
});
