import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { evenLoads, limitedGateLoads, powerLawLoads, randomLoads, roundedPlaceLoads, type ExpertLoads, type Routing } from './expert-load.ts';

function rowsOf(loads: ExpertLoads): number {
  let rows = 0;
  for (let i = 0; i < loads.length; i += 2) rows += (loads[i] ?? 0) * (loads[i + 1] ?? 0);
  return rows;
}

function hitOf(loads: ExpertLoads): number {
  let hit = 0;
  for (let i = 0; i < loads.length; i += 2) hit += loads[i] ?? 0;
  return hit;
}

const routing: fc.Arbitrary<Routing> = fc.record({
  tokens: fc.integer({ min: 1, max: 16_384 }),
  perToken: fc.constantFrom(1, 2, 4, 8),
  experts: fc.constantFrom(8, 16, 64, 256),
  ranks: fc.constantFrom(1, 2, 4, 8),
});

describe('rows of experts', () => {
  test('even and random routing keep every row, on experts that are there', () => {
    fc.assert(
      fc.property(routing, (given) => {
        const rows = (given.tokens * given.perToken) / given.ranks;
        const even = evenLoads(given);
        for (const loads of [even, randomLoads(given)]) {
          expect(hitOf(loads)).toBeLessThanOrEqual(given.experts / given.ranks + 1e-9);
          expect(rowsOf(loads)).toBeCloseTo(loads === even ? Math.max(1, rows) : rows, 6);
        }
        expect(hitOf(randomLoads(given))).toBeLessThanOrEqual(hitOf(evenLoads(given)) + 1e-9);
      }),
    );
  });

  test('a power law leaves the hottest rank at least its share, and no expert more than every token', () => {
    fc.assert(
      fc.property(routing, fc.constantFrom(1.01, 1.2), (given, exponent) => {
        const loads = powerLawLoads(given, exponent);
        const fair = (given.tokens * given.perToken) / given.ranks;
        for (let i = 1; i < loads.length; i += 2) expect(loads[i]).toBeLessThanOrEqual(given.tokens + 1e-9);
        const least = given.tokens * given.perToken > 20 * given.experts ? 0.97 * fair : 0;
        expect(rowsOf(loads)).toBeGreaterThan(least);
      }),
      { numRuns: 60 },
    );
  });

  test('a gate that keeps half of the groups shows one rank of two everything', () => {
    const base = { tokens: 4096, perToken: 8, experts: 256 };
    expect(rowsOf(limitedGateLoads({ ...base, ranks: 2 }))).toBeCloseTo(4096 * 8, -4);
    expect(rowsOf(limitedGateLoads({ ...base, ranks: 256 }))).toBe(4096);
  });
});

describe('a benchmark that keeps places of experts as 16-bit floats', () => {
  const of = (tokens: number, perToken: number, experts: number, ranks = 1) => ({ tokens, perToken, experts, ranks });
  test('hits every expert below 256, every second below 512, every fourth beyond, and loses no row', () => {
    const loads = roundedPlaceLoads(of(48, 16, 896));
    expect(hitOf(loads)).toBe(443);
    expect(rowsOf(loads)).toBeCloseTo(48 * 16, 9);
    expect(hitOf(roundedPlaceLoads(of(48, 6, 384)))).toBe(256);
    // The first half has the experts below 448 alone.
    expect(hitOf(roundedPlaceLoads(of(48, 16, 896, 2)))).toBe(315);
  });
  test('is even where the floats are exact, or where tokens reach every expert', () => {
    for (const routing of [of(16, 8, 256), of(64, 16, 896), of(32, 6, 384)]) expect(hitOf(roundedPlaceLoads(routing))).toBe(hitOf(evenLoads(routing)));
  });
});
