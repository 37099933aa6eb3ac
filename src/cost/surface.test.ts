import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { InstanceBatch, StepPricer } from './batch.ts';
import { SurfacePricer } from './surface.ts';

/** A roofline in the context with a kink that moves with the batch, and a floor: the shape of a decode step. */
const kinked: StepPricer = {
  cost({ rank, instanceTokens }) {
    const attention = Math.max(3e-5 * rank.decodeSequences, 1.1e-9 * rank.decodeContext);
    const tail = Math.max(0, 4e-10 * (rank.decodeContext - 2e5));
    const experts = Math.max(2e-3, 1e-6 * instanceTokens);
    return { time: 5e-3 + attention + tail + experts, busy: [attention, 0, tail, 0, 0, 0], stages: [attention, tail, experts, 5e-3] };
  },
};

function decode(decodeSequences: number, decodeContext: number, ranks: number): InstanceBatch {
  const rank = { decodeSequences, queryTokens: 2, decodeContext, prefillTokens: 0, prefillSequences: 0, prefillPairs: 0, prefillContext: 0 };
  return { rank, instanceTokens: decodeSequences * 2 * ranks };
}

const batches = fc.record({ n: fc.integer({ min: 1, max: 256 }), context: fc.integer({ min: 1, max: 2_000_000 }), ranks: fc.integer({ min: 1, max: 64 }) });

describe('the surface of decode costs', () => {
  test('lies within 0.1 % of the exact cost, and its parts follow', () => {
    const surface = new SurfacePricer(kinked);
    fc.assert(
      fc.property(batches, ({ n, context, ranks }) => {
        const exact = kinked.cost(decode(n, context, ranks));
        const read = surface.cost(decode(n, context, ranks));
        expect(Math.abs(read.time / exact.time - 1)).toBeLessThan(1e-3);
        expect(read.stages.reduce((sum, part) => sum + part, 0)).toBeCloseTo(read.time, 9);
      }),
      { numRuns: 1000 },
    );
  });

  test('does not depend on what was asked before', () => {
    fc.assert(
      fc.property(fc.array(batches, { minLength: 1, maxLength: 20 }), (asked) => {
        const warm = new SurfacePricer(kinked);
        for (const { n, context, ranks } of asked) warm.cost(decode(n, context, ranks));
        const { n, context, ranks } = asked[0] as (typeof asked)[number];
        expect(warm.cost(decode(n, context, ranks))).toEqual(new SurfacePricer(kinked).cost(decode(n, context, ranks)));
      }),
    );
  });

  test('asks for few exact prices, however many steps there are', () => {
    const surface = new SurfacePricer(kinked);
    for (let step = 0; step < 100_000; step++) surface.cost(decode(64, 100_000 + step * 10, 1));
    expect(surface.evaluations).toBeLessThan(100);
  });

  test('prompts are priced exactly', () => {
    const surface = new SurfacePricer(kinked);
    const batch = { ...decode(4, 1000, 1), rank: { ...decode(4, 1000, 1).rank, prefillTokens: 7 } };
    expect(surface.cost(batch)).toEqual(kinked.cost(batch));
  });
});
