import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { cases, listed } from './cases.contract.ts';
import { phases } from './lifetime.ts';
import { Breaker, loss } from './losses.contract.ts';
import { finished, whole } from './run.contract.ts';

test('only what is read from a pooled cache is a cache read: who is sent to another instance has waited', () => {
  let sentAgain = 0;
  fc.assert(
    fc.property(cases, fc.array(loss, { minLength: 1, maxLength: 3 }), ({ plant, requests, concurrency }, losses) => {
      fc.pre(plant.cache === undefined);
      const { simulation } = finished(
        plant,
        listed(requests, concurrency),
        100_000,
        losses.map((one) => new Breaker(one)),
      );
      const all = whole(simulation);
      sentAgain += all.interrupted;
      expect(all.phases[phases.indexOf('cache read')]).toBe(0);
    }),
    { numRuns: 200 },
  );
  expect(sentAgain).toBeGreaterThan(20);
});
