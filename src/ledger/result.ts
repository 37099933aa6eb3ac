import type { Doubt } from '../base/doubt.ts';
import type { Cell } from '../catalogue/cell.ts';
import type { Interval } from '../cost/uncertainty/interval.ts';
import { answer, unitOf } from './answer.ts';
import { bases, caseKinds, type Basis, type CaseKind, type LedgerCase } from './case.ts';

/** What the twin says beside what was measured. */
export interface CaseResult {
  readonly case: LedgerCase;
  /** SI; NaN where the twin gave no figure. */
  readonly predicted: number;
  /** 80 %. */
  readonly interval?: Interval | undefined;
  /** Whether the measured figure lies in the interval; undefined without one. */
  readonly inside?: boolean | undefined;
  /** Predicted over measured, less one; of a gain, predicted less measured (0.1 is ten points). */
  readonly error: number;
  readonly withinTolerance: boolean;
  readonly doubts: readonly Doubt[];
}

/** What rounding a figure that has to be exact may leave. */
const rounding = 1e-9;

/** The interval of an answer, worked out or read from where it was written down. */
export type IntervalSource = (ledgerCase: LedgerCase, predicted: number) => Interval | undefined;

/** Runs one case. @throws InputError for what cannot be priced */
export function judge(ledgerCase: LedgerCase, cells: readonly Cell[], intervals: IntervalSource): CaseResult {
  const { question, measured, tolerance } = ledgerCase;
  const { value: predicted, doubts } = answer(question, cells);
  const interval = intervals(ledgerCase, predicted);
  const error = unitOf(question) === '%' ? predicted - measured.value : predicted / measured.value - 1;
  const sameSign = tolerance.of === 'measured' || predicted * measured.value >= 0;
  return {
    case: ledgerCase,
    predicted,
    interval,
    inside: interval === undefined ? undefined : interval.low <= measured.value && measured.value <= interval.high,
    error,
    withinTolerance: sameSign && Math.abs(error) <= tolerance.size + rounding,
    doubts,
  };
}

/** Errors of the cases of one kind that stand on the same basis. */
export interface KindScore {
  readonly kind: CaseKind;
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
}

/** Scores by kind, predicted first; kinds without cases are left out. */
export function scoresOf(results: readonly CaseResult[]): readonly KindScore[] {
  return bases.toReversed().flatMap((basis) =>
    caseKinds.flatMap((kind): KindScore[] => {
      const own = results.filter((result) => result.case.kind === kind && result.case.basis === basis);
      if (own.length === 0) return [];
      const sizes = own.map(({ error }) => Math.abs(error)).sort(ascending);
      const signed = own.map(({ error }) => error).sort(ascending);
      return [
        {
          kind,
          basis,
          cases: own.length,
          median: quantileOf(sizes, 0.5),
          p90: quantileOf(sizes, 0.9),
          worst: sizes.at(-1) ?? Number.NaN,
          lean: quantileOf(signed, 0.5),
          withinTolerance: own.filter((result) => result.withinTolerance).length,
          intervals: own.filter(({ inside }) => inside !== undefined).length,
          inside: own.filter(({ inside }) => inside === true).length,
        },
      ];
    }),
  );
}

function ascending(a: number, b: number): number {
  return a - b;
}

/** Quantile of ascending values, linear between them. */
function quantileOf(values: readonly number[], share: number): number {
  const at = share * (values.length - 1);
  const below = Math.floor(at);
  const low = values[below] ?? Number.NaN;
  return low + (at - below) * ((values[below + 1] ?? low) - low);
}
