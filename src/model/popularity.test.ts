import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { hitShare, popularities } from './popularity.ts';

const variation = fc.double({ min: 0, max: 3, noNaN: true });
const chance = fc.double({ min: 0.001, max: 1, noNaN: true });

describe('popularity of experts', () => {
  test('the mean is one, and the classes spread as asked, a little less within', () => {
    fc.assert(
      fc.property(variation, (asked) => {
        const shares = [...popularities(asked)];
        const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
        expect(mean).toBeCloseTo(1, 9);
        const spread = Math.sqrt(shares.reduce((sum, share) => sum + (share - 1) * (share - 1), 0) / shares.length);
        expect(spread).toBeLessThanOrEqual(asked + 1e-6);
        expect(spread).toBeGreaterThanOrEqual(0.7 * asked - 1e-3);
        expect(shares).toEqual(shares.toSorted((a, b) => a - b));
      }),
    );
  });

  test('more tokens hit more experts, unequal ones fewer than equal ones, one token its own', () => {
    fc.assert(
      fc.property(variation, chance, fc.integer({ min: 1, max: 300 }), (asked, picked, tokens) => {
        const hit = hitShare(asked, picked, tokens);
        expect(hitShare(asked, picked, tokens + 1)).toBeGreaterThanOrEqual(hit - 1e-12);
        expect(hitShare(0, picked, tokens)).toBeGreaterThanOrEqual(hit - 1e-9);
        expect(hit).toBeLessThanOrEqual(1);
        const capped = Math.max(...popularities(asked)) * picked;
        expect(Math.abs(hitShare(asked, picked, 1) - picked)).toBeLessThanOrEqual(capped <= 1 ? 1e-9 : picked);
      }),
    );
  });

  test('equal experts are hit as independent draws hit them', () => {
    expect(hitShare(0, 8 / 256, 64)).toBeCloseTo(1 - (1 - 8 / 256) ** 64, 12);
  });
});
