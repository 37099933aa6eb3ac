import type { CaseResult } from './result.ts';
import { scoreOf, scoresOf } from './score.ts';

/** What is asked of the errors of some families of cases, fitted and predicted together. */
export interface FamilyBound {
  readonly title: string;
  readonly families: readonly string[];
  /** Of |error|. */
  readonly median?: number | undefined;
  readonly worst: number;
}

/** What is asked of 80 % intervals: a kind with fewer cases shows nothing. */
const leastCases = 10;
const leastInside = 0.7;
const mostInside = 0.9;
const mostHalfWidth = 0.15;

/** A figure beside what is asked of it. */
export interface BoundCheck {
  readonly title: string;
  readonly figure: 'median error' | 'worst error' | 'in 80 % interval' | 'median half-width';
  readonly value: number;
  /** Between these. */
  readonly least: number;
  readonly most: number;
  readonly held: boolean;
  /** Cases beyond a bound of the worst. */
  readonly beyond: readonly CaseResult[];
}

function check(
  title: string,
  figure: BoundCheck['figure'],
  value: number,
  [least, most]: readonly [number, number],
  beyond: readonly CaseResult[] = [],
): BoundCheck {
  return { title, figure, value, least, most, held: value >= least && value <= most, beyond };
}

/** Errors of families, then intervals of the predicted cases of each kind. Bounds without cases are left out. */
export function checksOf(results: readonly CaseResult[], bounds: readonly FamilyBound[]): readonly BoundCheck[] {
  const errors = bounds.flatMap(({ title, families, median, worst }): readonly BoundCheck[] => {
    const own = results.filter(({ case: { family } }) => family !== undefined && families.includes(family));
    if (own.length === 0) return [];
    const score = scoreOf(own, 'predicted');
    const beyond = own.filter(({ error }) => Math.abs(error) > worst);
    return [
      ...(median === undefined ? [] : [check(title, 'median error', score.median, [0, median])]),
      check(title, 'worst error', score.worst, [0, worst], beyond),
    ];
  });
  const intervals = scoresOf(results).flatMap(({ kind, basis, intervals: count, inside, halfWidth }): readonly BoundCheck[] => {
    if (basis !== 'predicted' || count < leastCases) return [];
    const title = `${kind}, predicted`;
    return [check(title, 'in 80 % interval', inside / count, [leastInside, mostInside]), check(title, 'median half-width', halfWidth, [0, mostHalfWidth])];
  });
  return [...errors, ...intervals];
}
