import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chunkedLayers, Exposure } from './exposure.ts';
import { scheduleLayers } from './schedule.ts';

const chunk = fc.record({ stream: fc.integer({ min: 0, max: 3 }), stage: fc.integer({ min: 0, max: 5 }), time: fc.double({ min: 0, max: 1, noNaN: true }) });

test('stages answer for what their operators answer for in the schedule', () => {
  const exposure = new Exposure();
  fc.assert(
    fc.property(fc.array(chunk, { minLength: 1, maxLength: 12 }), fc.integer({ min: 1, max: 60 }), (chunks, count) => {
      const streams = Int32Array.from(chunks, ({ stream }) => stream);
      const times = Float64Array.from(chunks, ({ time }) => time);
      const { exposed } = scheduleLayers(times, streams, count);
      const expected = new Float64Array(6);
      for (const [i, { stage }] of chunks.entries()) expected[stage] = (expected[stage] ?? 0) + (exposed[i] ?? 0);
      const stages = new Float64Array(6);
      exposure.add(
        chunkedLayers(
          count,
          streams,
          Int32Array.from(chunks, ({ stage }) => stage),
        ),
        Float64Array.of(9, ...times),
        1,
        stages,
      );
      for (let i = 0; i < 6; i++) expect(Math.abs((stages[i] ?? 0) - (expected[i] ?? 0))).toBeLessThan(1e-9 * (1 + (expected[i] ?? 0)));
    }),
    { numRuns: 2000 },
  );
});
