import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chunkedLayers, expose } from './exposure.ts';
import { Overlap } from './overlap.ts';
import { scheduleLayers, type OperatorRuns } from './schedule.ts';

const operator = fc.record({
  stream: fc.integer({ min: 0, max: 3 }),
  stage: fc.integer({ min: 0, max: 5 }),
  time: fc.double({ min: 0, max: 1, noNaN: true }),
  memory: fc.double({ min: 0, max: 1, noNaN: true }),
});
const layer = fc.record({
  operators: fc.array(operator, { minLength: 1, maxLength: 12 }),
  count: fc.integer({ min: 1, max: 60 }),
  lag: fc.option(fc.integer({ min: 0, max: 5 }), { nil: undefined }),
});

test('stages answer for what their operators answer for in the schedule', () => {
  fc.assert(
    fc.property(layer, ({ operators, count, lag }) => {
      const starts = operators.flatMap(({ stream }, i) => (i > 0 && operators[i - 1]?.stream === stream ? [] : [i]));
      const runs: OperatorRuns = {
        bounds: Int32Array.from([...starts, operators.length]),
        streams: Int32Array.from(starts, (start) => operators[start]?.stream ?? 0),
        after: starts.map((_, run) => [run - 1]),
      };
      const times = Float64Array.from(operators, ({ time }) => time);
      const memory = Float64Array.from(operators, (one) => one.memory * one.time);
      const { exposed } = scheduleLayers(
        runs,
        Array.from(times, (time, i) => ({ time, memory: memory[i] ?? 0 })),
        count,
        lag,
      );
      const expected = new Float64Array(6);
      for (const [i, { stage }] of operators.entries()) expected[stage] = (expected[stage] ?? 0) + (exposed[i] ?? 0);

      const stageOf = operators.map(({ stage }) => stage);
      const { layers, chunkOf } = chunkedLayers(runs, stageOf, new Overlap(runs, count, lag));
      const chunks = layers.runOf.length;
      // Something of another group lies in front.
      const values = new Float64Array(1 + chunks + starts.length).fill(0).fill(9, 0, 1);
      for (const [i, chunk] of chunkOf.entries()) {
        values[1 + chunk] = (values[1 + chunk] ?? 0) + (times[i] ?? 0);
        const run = 1 + chunks + (layers.runOf[chunk] ?? 0);
        values[run] = (values[run] ?? 0) + (memory[i] ?? 0);
      }
      const stages = new Float64Array(6);
      expose(layers, values, 1, stages);
      for (let i = 0; i < 6; i++) expect(Math.abs((stages[i] ?? 0) - (expected[i] ?? 0))).toBeLessThan(1e-9 * (1 + (expected[i] ?? 0)));
    }),
    { numRuns: 2000 },
  );
});
