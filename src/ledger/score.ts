import { bases, caseKinds, type Basis, type CaseKind } from './case.ts';
import type { CaseResult } from './result.ts';

/** Errors of some cases that stand on the same basis. */
export interface Score {
  readonly basis: Basis;
  readonly cases: number;
  /** Of |error|. */
  readonly median: number;
  readonly p90: number;
  readonly worst: number;
  /** Median of the signed error: which way the twin leans. */
  readonly lean: number;
  readonly withinTolerance: number;
  /** Cases with an interval, and those of them whose measured figure lies inside. */
  readonly intervals: number;
  readonly inside: number;
  /** Median of half an interval over the predicted figure (of a gain: in points); NaN without intervals. */
  readonly halfWidth: number;
}

export interface KindScore extends Score {
  readonly kind: CaseKind;
}

export interface FamilyScore extends Score {
  readonly kind: CaseKind;
  readonly family: string;
}

/** Scores by kind, predicted first; kinds without cases are left out. */
export function scoresOf(results: readonly CaseResult[]): readonly KindScore[] {
  return bases.toReversed().flatMap((basis) =>
    caseKinds.flatMap((kind): readonly KindScore[] => {
      const own = results.filter((result) => result.case.kind === kind && result.case.basis === basis);
      return own.length === 0 ? [] : [{ kind, ...scoreOf(own, basis) }];
    }),
  );
}

/** Scores of the families that cases name, in the order of kinds and names, predicted first. */
export function familiesOf(results: readonly CaseResult[]): readonly FamilyScore[] {
  return caseKinds.flatMap((kind) => {
    const families = [...new Set(results.flatMap(({ case: one }) => (one.kind === kind && one.family !== undefined ? [one.family] : [])))];
    return families
      .sort((a, b) => (a < b ? -1 : 1))
      .flatMap((family) =>
        bases.toReversed().flatMap((basis): readonly FamilyScore[] => {
          const own = results.filter(({ case: one }) => one.kind === kind && one.family === family && one.basis === basis);
          return own.length === 0 ? [] : [{ kind, family, ...scoreOf(own, basis) }];
        }),
      );
  });
}

/** The score of at least one result. */
export function scoreOf(own: readonly CaseResult[], basis: Basis): Score {
  const sizes = own.map(({ error }) => Math.abs(error)).sort(ascending);
  const signed = own.map(({ error }) => error).sort(ascending);
  const widths = own.map(halfWidthOf).filter((width) => width !== undefined);
  return {
    basis,
    cases: own.length,
    median: quantileOf(sizes, 0.5),
    p90: quantileOf(sizes, 0.9),
    worst: sizes.at(-1) ?? Number.NaN,
    lean: quantileOf(signed, 0.5),
    withinTolerance: own.filter((result) => result.withinTolerance).length,
    intervals: own.filter(({ inside }) => inside !== undefined).length,
    inside: own.filter(({ inside }) => inside === true).length,
    halfWidth: quantileOf(widths.sort(ascending), 0.5),
  };
}

function halfWidthOf({ case: { tolerance }, interval, predicted }: CaseResult): number | undefined {
  if (interval === undefined) return undefined;
  return (interval.high - interval.low) / 2 / (tolerance.of === 'points' ? 1 : Math.abs(predicted));
}

function ascending(a: number, b: number): number {
  return a - b;
}

/** Quantile of ascending values, linear between them; NaN of none. */
function quantileOf(values: readonly number[], share: number): number {
  const at = share * (values.length - 1);
  const below = Math.floor(at);
  const low = values[below] ?? Number.NaN;
  return low + (at - below) * ((values[below + 1] ?? low) - low);
}
