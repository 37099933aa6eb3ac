import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { QuantileSampler } from './quantile-sampler.ts';

const weights = fc.array(fc.tuple(fc.nat(10_000), fc.nat(50)), { minLength: 1, maxLength: 200 }).filter((list) => list.some(([, weight]) => weight > 0));
const unit = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });

describe('a sampler of quantiles', () => {
  test('gives the value that a walk through the weights comes to', () => {
    fc.assert(
      fc.property(weights, unit, (list, u) => {
        const total = list.reduce((sum, [, weight]) => sum + weight, 0);
        let walked = 0;
        const shares = list.map(([, weight]) => (walked += weight) / total);
        const expected = list[shares.findIndex((share) => share > u)]?.[0];
        const sampler = QuantileSampler.discrete(
          list.map(([value]) => value),
          list.map(([, weight]) => weight),
        );
        expect(sampler.at(u)).toBe(expected);
      }),
    );
  });

  test('is linear between the knots, wherever they lie', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.double({ min: 1e-9, max: 0.999, noNaN: true }), { maxLength: 60 }), unit, (inner, u) => {
        const share = [0, ...inner.toSorted((a, b) => a - b), 1];
        const value = share.map((_, i) => i * i);
        const knot = share.findLastIndex((one) => one <= u);
        const part = (u - (share[knot] ?? 0)) / ((share[knot + 1] ?? 0) - (share[knot] ?? 0));
        const expected = (value[knot] ?? 0) + part * ((value[knot + 1] ?? 0) - (value[knot] ?? 0));
        expect(QuantileSampler.linear({ share, value }).at(u)).toBeCloseTo(expected, 6);
      }),
    );
  });
});
