import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Basis, CaseKind, LedgerCase } from './case.ts';
import type { CaseResult } from './result.ts';
import { scoresOf } from './score.ts';

/** A result of which only the kind, the basis and the error matter. */
function result(kind: CaseKind, basis: Basis, error: number, inside?: boolean): CaseResult {
  return { case: { kind, basis } as LedgerCase, predicted: 1, error, inside, withinTolerance: Math.abs(error) < 0.1, doubts: [] };
}

const results = fc.array(
  fc
    .record({
      kind: fc.constantFrom<CaseKind>('operator', 'step', 'serving'),
      basis: fc.constantFrom<Basis>('fitted', 'predicted'),
      error: fc.double({ min: -0.9, max: 3, noNaN: true }),
      inside: fc.option(fc.boolean(), { nil: undefined }),
    })
    .map(({ kind, basis, error, inside }) => result(kind, basis, error, inside)),
  { maxLength: 40 },
);

describe('scores', () => {
  test('count every case once, by kind and basis', () => {
    fc.assert(
      fc.property(results, (all) => {
        const scores = scoresOf(all);
        expect(scores.reduce((sum, { cases }) => sum + cases, 0)).toBe(all.length);
        expect(new Set(scores.map(({ kind, basis }) => `${kind} ${basis}`)).size).toBe(scores.length);
      }),
    );
  });

  test('are in order: median, p90, worst; the lean is no larger than the worst', () => {
    fc.assert(
      fc.property(results, (all) => {
        for (const { median, p90, worst, lean } of scoresOf(all)) {
          expect(median).toBeLessThanOrEqual(p90);
          expect(p90).toBeLessThanOrEqual(worst);
          expect(Math.abs(lean)).toBeLessThanOrEqual(worst);
        }
      }),
    );
  });

  test('agree with counting: half of the cases are at least as far off as the median', () => {
    fc.assert(
      fc.property(results, (all) => {
        for (const { kind, basis, median, cases, withinTolerance, inside, intervals } of scoresOf(all)) {
          const own = all.filter((one) => one.case.kind === kind && one.case.basis === basis);
          expect(own.filter(({ error }) => Math.abs(error) >= median - 1e-12).length).toBeGreaterThanOrEqual(cases / 2);
          expect(own.filter((one) => one.withinTolerance).length).toBe(withinTolerance);
          expect(inside).toBeLessThanOrEqual(intervals);
        }
      }),
    );
  });
});
