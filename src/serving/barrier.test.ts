import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { waitOf } from './barrier.ts';
import { cases, listed, syntheticPricer } from './cases.contract.ts';
import { mergedPlant, request } from './plants.contract.ts';
import { finished, whole } from './run.contract.ts';

/** A step takes what its rank's sequences do, and nothing else. */
const bySequence = syntheticPricer([0, 0, 0, 0, 2 ** 10, 0]);

function barrierUnder(ranks: number, sequences: number): { readonly share: number; readonly error: number; readonly samples: number } {
  const plant = mergedPlant({ ranks, kvBlocks: 1000, pricer: bySequence });
  const { simulation } = finished(plant, listed(Array.from({ length: sequences }, () => request(0, 1, 90))));
  const [pool] = whole(simulation).pools;
  if (pool === undefined) throw new Error('no pool');
  return pool.barrier;
}

describe('ranks in lockstep', () => {
  test('SCH-16 nobody waits where there is one rank, or where all ranks have the same', () => {
    expect(barrierUnder(1, 3)).toMatchObject({ share: 0, samples: 0 });
    const equal = barrierUnder(4, 4);
    expect(equal).toMatchObject({ share: 0, error: 0 });
    expect(equal.samples).toBeGreaterThan(8);
  });

  test('SCH-16 the mean rank waits for the slowest: of 2, 1 and 1 sequences a rank, a third of the time', () => {
    const { share, error, samples } = barrierUnder(3, 4);
    expect(samples).toBe(9);
    expect(share).toBeCloseTo(1 / 3, 12);
    // Of three ranks two wait for half of the step: a standard deviation of the square root of 1/18 over nine samples.
    expect(error).toBeCloseTo(Math.sqrt(1 / 18 / 8), 12);
  });

  test('SCH-16 a rank without work computes a token, and a slow die makes all others wait', () => {
    expect(barrierUnder(3, 1).share).toBe(0);
    expect(waitOf(1, 1, 2, 4, 0, 0)).toEqual({ time: 2, wait: 2 - 1.25 });
    expect(waitOf(1, 1, 2, 1, 0, 0)).toEqual({ time: 2, wait: 0 });
    expect(waitOf(1, 1, 1, 4, 0, 2)).toEqual({ time: 3, wait: 1.5 });
    // What the host takes at least, all wait for together.
    expect(waitOf(2, 1, 1, 4, 3, 0)).toEqual({ time: 3, wait: 0 });
  });

  test('SCH-16 the wait is never negative and never longer than the step', () => {
    let samples = 0;
    fc.assert(
      fc.property(cases, ({ plant, requests, concurrency }) => {
        for (const { barrier, steps } of whole(finished(plant, listed(requests, concurrency)).simulation).pools) {
          expect(barrier.share).toBeGreaterThanOrEqual(0);
          expect(barrier.share).toBeLessThanOrEqual(1);
          expect(barrier.samples).toBeLessThanOrEqual(steps);
          samples += barrier.samples;
        }
      }),
      { numRuns: 200 },
    );
    expect(samples).toBeGreaterThan(100);
  });
});
