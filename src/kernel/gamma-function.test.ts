import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { gammaFunction } from './gamma-function.ts';

test('factorials and the halves between them', () => {
  let factorial = 1;
  let half = Math.sqrt(Math.PI) / 2;
  for (let n = 1; n < 20; n++) {
    expect(Math.abs(gammaFunction(n) / factorial - 1)).toBeLessThan(1e-13);
    expect(Math.abs(gammaFunction(n + 0.5) / half - 1)).toBeLessThan(1e-13);
    factorial *= n;
    half *= n + 0.5;
  }
});

test('each step of one multiplies by the argument', () => {
  fc.assert(
    fc.property(fc.double({ min: 1, max: 18, noNaN: true }), (x) => {
      expect(Math.abs(gammaFunction(x + 1) / (x * gammaFunction(x)) - 1)).toBeLessThan(1e-12);
    }),
  );
});
