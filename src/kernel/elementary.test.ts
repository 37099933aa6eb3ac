import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { exp, ln } from './elementary.ts';

/** Not the engine: here the platform's functions are the yardstick, themselves up to 1 ulp off. */
const platform = Math;
const TOLERANCE = 4.5e-16;

describe('ln and exp', () => {
  test('ln is within an ulp of the platform over all exponents and near 1', () => {
    const near = fc.double({ min: 0.5, max: 2, noNaN: true });
    const far = fc.double({ min: 5e-324, noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(fc.oneof(near, far), (x) => {
        const expected = platform.log(x);
        expect(Math.abs(ln(x) - expected)).toBeLessThanOrEqual(TOLERANCE * Math.abs(expected));
      }),
      { numRuns: 5000 },
    );
  });

  test('exp is within an ulp of the platform wherever the result is a normal number', () => {
    fc.assert(
      fc.property(fc.double({ min: -708, max: 709.78, noNaN: true }), (x) => {
        expect(Math.abs(exp(x) / platform.exp(x) - 1)).toBeLessThanOrEqual(TOLERANCE);
      }),
      { numRuns: 5000 },
    );
  });

  test('exact points and limits', () => {
    expect([ln(1), ln(0), ln(Infinity), exp(0), exp(-Infinity), exp(Infinity), exp(710), exp(-746)]).toEqual([
      0,
      -Infinity,
      Infinity,
      1,
      0,
      Infinity,
      Infinity,
      0,
    ]);
    expect([ln(-1), ln(Number.NaN), exp(Number.NaN)]).toEqual([Number.NaN, Number.NaN, Number.NaN]);
    expect(ln(2)).toBe(Math.LN2);
    expect(exp(1)).toBeCloseTo(Math.E, 15);
    expect(exp(-745)).toBe(5e-324);
    expect(exp(709.78)).toBeGreaterThan(1.79e308);
  });

  test('ln undoes exp', () => {
    fc.assert(
      fc.property(fc.double({ min: -700, max: 700, noNaN: true }), (x) => {
        expect(Math.abs(ln(exp(x)) - x)).toBeLessThanOrEqual(3e-16 * Math.max(1, Math.abs(x)));
      }),
    );
  });

  test('both are monotone between neighbouring grid points', () => {
    for (let i = 0; i < 20_000; i++) {
      const x = 0.5 + i / 10_000;
      expect(ln(x + 1e-4) > ln(x) && exp(x + 1e-4) > exp(x)).toBe(true);
    }
  });
});
