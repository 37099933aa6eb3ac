import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Buckets } from './buckets.ts';

const time = fc.double({ min: 0, max: 5000, noNaN: true });
const additions = fc.array(fc.record({ from: time, length: time, amount: fc.integer({ min: 0, max: 100 }) }), { minLength: 1, maxLength: 60 });

test('what is added is there, however often the buckets widen, in at most 2,048 of them', () => {
  fc.assert(
    fc.property(additions, (list) => {
      const buckets = new Buckets('rate', 0, Infinity);
      for (const { from, length, amount } of list) buckets.add(from, from + length, amount);
      const points = [...buckets.points()];
      expect(points.length).toBeLessThanOrEqual(2049);
      const integral = points.reduce((sum, { at, value }, i) => sum + (value * ((points[i + 1]?.at ?? at) - at)) / 1e9, 0);
      const added = list.reduce((sum, { amount }) => sum + amount, 0);
      expect(Math.abs(integral - added)).toBeLessThanOrEqual(1e-6 * added);
    }),
  );
});

test('a level is the last that was set by then, at the coarseness of the buckets', () => {
  fc.assert(
    fc.property(fc.array(time, { minLength: 1, maxLength: 60 }), (times) => {
      const buckets = new Buckets('level', 0, Infinity);
      const order = times.toSorted((a, b) => a - b);
      for (const [i, at] of order.entries()) buckets.set(at, i);
      const points = [...buckets.points()];
      expect(points.at(-1)?.value).toBe(order.length - 1);
      // As wide as the least power of two that lets the last one fit.
      let width = 2 ** -10;
      while ((order.at(-1) ?? 0) >= 2048 * width) width *= 2;
      const expected = new Map(order.map((at, i) => [Math.floor(at / width), i]));
      expect(points).toEqual([...expected].map(([bucket, value]) => ({ at: Math.round(bucket * width * 1e9), value })));
    }),
  );
});

test('nothing outside its time is counted, and a part of what reaches in', () => {
  const buckets = new Buckets('rate', 10, 20);
  buckets.add(0, 10, 7);
  buckets.add(20, 30, 7);
  buckets.add(5, 15, 8);
  const points = [...buckets.points()];
  expect(points.reduce((sum, { at, value }, i) => sum + (value * ((points[i + 1]?.at ?? at) - at)) / 1e9, 0)).toBeCloseTo(4, 9);
  expect(points[0]?.at).toBe(10e9);
});
