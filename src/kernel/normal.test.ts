import { describe, expect, test } from 'vitest';
import { exp } from './elementary.ts';
import { normalQuantile } from './normal.ts';

describe('the normal quantile', () => {
  // Wichura 1988, table of AS 241.
  test.each([
    [0.25, -0.6744897501960817],
    [0.001, -3.090232306167814],
    [1e-20, -9.262340089798409],
    [0.9, 1.2815515655446004],
    [0.99, 2.3263478740408408],
  ])('of %f is %f', (share, variate) => {
    expect(Math.abs(normalQuantile(share) / variate - 1)).toBeLessThan(1e-14);
  });

  test('is odd around a half, and rises', () => {
    let before = -Infinity;
    for (let i = 1; i < 2000; i++) {
      const here = normalQuantile(i / 2000);
      expect(here).toBeGreaterThan(before);
      expect(Math.abs(here + normalQuantile(1 - i / 2000))).toBeLessThan(1e-12);
      before = here;
    }
    expect([normalQuantile(0), normalQuantile(0.5), normalQuantile(1)]).toEqual([-Infinity, 0, Infinity]);
  });

  test('is the inverse of the area under the bell', () => {
    // Simpson's rule from 0 to the quantile.
    for (const share of [0.6, 0.8, 0.95, 0.999]) {
      const to = normalQuantile(share);
      const steps = 2000;
      let area = 0;
      for (let i = 0; i <= steps; i++) {
        const x = (to * i) / steps;
        area += (i === 0 || i === steps ? 1 : i % 2 === 1 ? 4 : 2) * exp((-x * x) / 2);
      }
      expect(Math.abs(0.5 + (area * to) / steps / 3 / Math.sqrt(2 * Math.PI) - share)).toBeLessThan(1e-10);
    }
  });
});
