import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Basis, CaseKind, LedgerCase } from './case.ts';
import type { CaseResult } from './result.ts';
import { checksOf } from './bounds.ts';
import { familiesOf, scoresOf } from './score.ts';

/** A result of which only the kind, the basis and the error matter. */
function result(kind: CaseKind, basis: Basis, error: number, inside?: boolean): CaseResult {
  return {
    case: { kind, basis, tolerance: { size: 0.1, of: 'measured' } } as LedgerCase,
    predicted: 1,
    error,
    inside,
    withinTolerance: Math.abs(error) < 0.1,
    doubts: [],
  };
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

describe('families', () => {
  const named = (family: string, error: number): CaseResult => {
    const one = result('link', 'predicted', error);
    return { ...one, case: { ...one.case, family } };
  };

  test('count the cases that name one, and no other', () => {
    const all = [named('a', 0.1), named('b', -0.2), named('a', 0.3), result('link', 'predicted', 0.5)];
    expect(familiesOf(all).map(({ family, cases, worst }) => [family, cases, worst])).toEqual([
      ['a', 2, 0.3],
      ['b', 1, 0.2],
    ]);
  });

  test('are held to bounds: the cases beyond the worst are told, bounds without cases are not', () => {
    const all = [named('a', 0.01), named('a', -0.3), named('b', 0.02)];
    const bounds = [
      { title: 'one', families: ['a', 'b'], median: 0.05, worst: 0.2 },
      { title: 'none', families: ['c'], worst: 0.1 },
    ];
    expect(checksOf(all, bounds).map(({ title, figure, held, beyond }) => [title, figure, held, beyond.length])).toEqual([
      ['one', 'median error', true, 0],
      ['one', 'worst error', false, 1],
    ]);
  });

  test('intervals of a kind with ten predicted cases hold 70 to 90 of 100 measured figures', () => {
    const of = (inside: number): readonly CaseResult[] =>
      Array.from({ length: 10 }, (_, i) => ({ ...result('step', 'predicted', 0, i < inside), interval: { low: 0.9, high: 1.1 } }));
    const held = (inside: number): readonly boolean[] => checksOf(of(inside), []).map((check) => check.held);
    expect([6, 7, 9, 10].map(held)).toEqual([
      [false, true],
      [true, true],
      [true, true],
      [false, true],
    ]);
    expect(checksOf(of(8).slice(1), [])).toEqual([]);
  });
});
