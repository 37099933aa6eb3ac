import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { QUANTILE_ERROR, Sketch, type SketchData } from './sketch.ts';

const value = fc.oneof(fc.constant(0), fc.double({ min: 1e-9, max: 1e6, noNaN: true }), fc.integer({ min: 0, max: 1000 }));
const values = fc.array(value, { minLength: 1, maxLength: 700 });
const shares = [0, 0.001, 0.25, 0.5, 0.9, 0.99, 1];

function sketchOf(items: readonly number[]): Sketch {
  const sketch = new Sketch();
  for (const item of items) sketch.add(item);
  return sketch;
}

const view = (sketch: Sketch) => [sketch.count, sketch.sum(), sketch.min, sketch.max, ...shares.map((q) => sketch.quantile(q))];

describe('quantile sketch', () => {
  test('every quantile is within the stated error of the exact one', () => {
    expect(QUANTILE_ERROR).toBeLessThanOrEqual(0.004);
    fc.assert(
      fc.property(values, (items) => {
        const sorted = items.toSorted((a, b) => a - b);
        const sketch = sketchOf(items);
        for (const q of shares) {
          const exact = sorted[Math.max(0, Math.ceil(q * items.length) - 1)] ?? 0;
          expect(Math.abs(sketch.quantile(q) - exact)).toBeLessThanOrEqual(QUANTILE_ERROR * exact);
        }
        expect([sketch.count, sketch.min, sketch.max]).toEqual([items.length, sorted[0], sorted.at(-1)]);
        const sum = items.reduce((a, b) => a + b, 0);
        expect(Math.abs(sketch.sum() - sum)).toBeLessThanOrEqual(1e-13 * sum);
      }),
    );
  });

  test('merging equals adding all, in any order, to the last bit', () => {
    fc.assert(
      fc.property(values, values, fc.infiniteStream(fc.nat()), (a, b, order) => {
        const merged = sketchOf(a);
        merged.merge(sketchOf(b));
        const shuffled = [...a, ...b].map((item) => ({ item, key: order.next().value })).sort((x, y) => x.key - y.key);
        const expected = view(sketchOf(shuffled.map(({ item }) => item)));
        expect(view(merged)).toEqual(expected);
        const other = sketchOf(b);
        other.merge(sketchOf(a));
        expect(view(other)).toEqual(expected);
      }),
    );
  });

  test('sketches that were merged go on apart, whatever they hold together', () => {
    const lists = fc.array(fc.array(value, { maxLength: 60 }), { minLength: 2, maxLength: 40 });
    fc.assert(
      fc.property(lists, fc.array(fc.tuple(fc.nat(), fc.nat(), value), { maxLength: 60 }), (items, merges) => {
        const held = items.map((list) => [...list]);
        const sketches = items.map(sketchOf);
        for (const [a, b, more] of merges) {
          const [to, from] = [a % items.length, b % items.length];
          // Values that double with each merge would be too many.
          if (to === from || (held[to]?.length ?? 0) + (held[from]?.length ?? 0) > 3000) continue;
          sketches[to]?.merge(sketches[from] as Sketch);
          held[to]?.push(...(held[from] ?? []));
          sketches[from]?.add(more);
          held[from]?.push(more);
        }
        expect(sketches.map(view)).toEqual(held.map((list) => view(sketchOf(list))));
      }),
      { numRuns: 40 },
    );
  });

  test('values added at once equal values added one by one, to the last bit', () => {
    const near = fc.array(fc.double({ min: 0.99, max: 1.01, noNaN: true }), { maxLength: 700 });
    fc.assert(
      fc.property(near, values, fc.nat(), fc.nat(), fc.integer({ min: 1, max: 50 }), (alike, others, first, second, weight) => {
        const items = Float64Array.from([...alike, ...others]);
        const [from, to] = [first % (items.length + 1), second % (items.length + 1)].sort((a, b) => a - b) as [number, number];
        const [atOnce, oneByOne] = [sketchOf(others), sketchOf(others)];
        atOnce.addAll(items, from, to, weight);
        for (const item of items.subarray(from, to)) oneByOne.add(item, weight);
        expect(atOnce.data()).toEqual(oneByOne.data());
        expect(view(atOnce)).toEqual(view(oneByOne));
      }),
    );
    expect(() => new Sketch().addAll(new Float64Array(200).fill(-1), 0, 200)).toThrow(RangeError);
  });

  test('a weight counts as so many values', () => {
    fc.assert(
      fc.property(values, fc.integer({ min: 1, max: 50 }), (items, weight) => {
        const weighted = new Sketch();
        const repeated = new Sketch();
        for (const item of items) {
          weighted.add(item, weight);
          for (let i = 0; i < weight; i++) repeated.add(item);
        }
        expect(view(weighted)).toEqual(view(repeated));
      }),
    );
  });

  test('an empty sketch has no quantiles and changes nothing', () => {
    const empty = new Sketch();
    expect([empty.count, empty.mean(), empty.quantile(0.5), empty.min]).toEqual([0, Number.NaN, Number.NaN, Number.NaN]);
    const some = sketchOf([1, 2, 3]);
    some.merge(empty);
    empty.merge(some);
    expect([view(some), view(empty)]).toEqual([view(sketchOf([1, 2, 3])), view(sketchOf([1, 2, 3]))]);
  });

  test.each([Number.NaN, -1, Infinity])('%d is refused', (bad) => expect(() => new Sketch().add(bad)).toThrow(RangeError));
  test.each([Number.NaN, -1, 0])('weight %d is refused', (bad) => expect(() => new Sketch().add(1, bad)).toThrow(RangeError));
});

test('what a sketch holds travels as data', () => {
  fc.assert(
    fc.property(fc.oneof(values, fc.constant([])), value, (items, more) => {
      const sketch = sketchOf(items);
      const again = Sketch.of(JSON.parse(JSON.stringify(sketch.data())) as SketchData);
      expect(view(again)).toEqual(view(sketch));
      for (const one of [sketch, again]) one.add(more);
      expect(again.data()).toEqual(sketch.data());
    }),
  );
});
