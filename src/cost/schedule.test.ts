import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { scheduleLayers } from './schedule.ts';

const layer = fc
  .array(fc.record({ time: fc.integer({ min: 0, max: 1000 }), stream: fc.integer({ min: 0, max: 1 }) }), { minLength: 1, maxLength: 12 })
  .map((operators) => ({ times: Float64Array.from(operators, ({ time }) => time), streams: Int32Array.from(operators, ({ stream }) => stream) }));

const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((total, value) => total + value, 0);

describe('two microbatches over streams', () => {
  test('what is exposed sums to the layers, between the longest stream and no overlap at all', () => {
    fc.assert(
      fc.property(layer, fc.integer({ min: 1, max: 60 }), ({ times, streams }, count) => {
        const { exposed } = scheduleLayers(times, streams, count);
        const whole = sum(exposed);
        const busiest = Math.max(...[0, 1].map((stream) => sum(times.filter((_, i) => streams[i] === stream))));
        expect(whole).toBeGreaterThanOrEqual(2 * busiest * count - 1e-6);
        expect(whole).toBeLessThanOrEqual(2 * sum(times) * count + 1e-6);
        expect(whole).toBeGreaterThanOrEqual(sum(times) * count - 1e-6);
      }),
    );
  });

  test('slots of one stream and of one microbatch never overlap', () => {
    fc.assert(
      fc.property(layer, ({ times, streams }) => {
        const { slots } = scheduleLayers(times, streams, 5);
        for (const key of ['stream', 'microbatch'] as const)
          for (const value of [0, 1]) {
            const own = slots.filter((slot) => slot[key] === value).sort((a, b) => a.start - b.start || a.end - b.end);
            for (let i = 1; i < own.length; i++) expect(own[i]?.start).toBeGreaterThanOrEqual(own[i - 1]?.end ?? 0);
          }
      }),
    );
  });

  test('one stream is a plain sum; two equal streams overlap all but the first and last half', () => {
    const one = scheduleLayers(Float64Array.of(3, 4), Int32Array.of(0, 0), 10);
    expect(sum(one.exposed)).toBe(140);
    const two = scheduleLayers(Float64Array.of(5, 5), Int32Array.of(0, 1), 10);
    expect(sum(two.exposed)).toBe(105);
  });
});
