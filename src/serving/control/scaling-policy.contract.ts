import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { PoolView } from './pool-view.ts';
import type { ScalingPolicy } from './scaling-policy.ts';

/** A pool of merged instances that has nothing to do. */
export const idlePool: PoolView = { role: 'merged', serving: 4, starting: 0, draining: 0, stranded: 0, queuedTokens: 0, ahead: 0, load: 0 };

const views: fc.Arbitrary<PoolView> = fc.record({
  role: fc.constantFrom('merged' as const, 'prefill' as const, 'decode' as const),
  serving: fc.integer({ min: 1, max: 40 }),
  starting: fc.nat(4),
  draining: fc.nat(4),
  stranded: fc.nat(4),
  queuedTokens: fc.nat(1_000_000),
  ahead: fc.double({ min: 0, max: 100, noNaN: true }),
  load: fc.double({ min: 0, max: 1, noNaN: true }),
  ttft: fc.option(fc.double({ min: 0, max: 100, noNaN: true }), { nil: undefined }),
  tpot: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
});

/** What every scaling policy must do; `make` has objectives of 1 s for the first token and 50 ms for the next ones. */
export function scalingPolicySuite(name: string, make: () => ScalingPolicy): void {
  describe(`scaling policy ${name}`, () => {
    test('CTL-1 asks for a whole number, the same for the same view', () => {
      fc.assert(
        fc.property(views, (view) => {
          const count = make().desired(Object.freeze(view));
          expect(Number.isInteger(count)).toBe(true);
          expect(make().desired(view)).toBe(count);
        }),
      );
    });

    test('CTL-1 never asks for fewer when there is more to do', () => {
      const more = fc.record({ load: fc.double({ min: 0, max: 1, noNaN: true }), ahead: fc.double({ min: 0, max: 50, noNaN: true }) });
      fc.assert(
        fc.property(views, more, (view, { load, ahead }) => {
          const busier = {
            ...view,
            load: Math.max(view.load, load),
            ahead: view.ahead + ahead,
            ttft: (view.ttft ?? 0) + ahead,
            tpot: (view.tpot ?? 0) + ahead,
          };
          expect(make().desired(busier)).toBeGreaterThanOrEqual(make().desired(view));
        }),
      );
    });

    test('CTL-1 asks for more where everything is too much, for fewer where nothing is to do', () => {
      for (const role of ['merged', 'prefill', 'decode'] as const) {
        const swamped = { ...idlePool, role, queuedTokens: 1e9, ahead: 100, load: 1, ttft: 100, tpot: 1 };
        expect(make().desired(swamped)).toBeGreaterThan(swamped.serving);
        expect(make().desired({ ...idlePool, role })).toBeLessThan(idlePool.serving);
      }
    });
  });
}
