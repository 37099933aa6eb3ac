import type { Doubt } from '../base/doubt.ts';
import type { Cell } from '../catalogue/cell.ts';
import type { Interval } from '../cost/uncertainty/interval.ts';
import { answer, unitOf } from './answer.ts';
import type { LedgerCase } from './case.ts';
import type { ServingRuns } from './serving-runs.ts';

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
export type IntervalSource = (ledgerCase: LedgerCase, predicted: number, runs: ServingRuns) => Interval | undefined;

/** Runs one case; `runs` keeps runs of traffic from one to the next. @throws InputError for what cannot be priced */
export function judge(ledgerCase: LedgerCase, cells: readonly Cell[], intervals: IntervalSource, runs: ServingRuns): CaseResult {
  const { question, measured, tolerance } = ledgerCase;
  const { value: predicted, doubts } = answer(question, cells, runs);
  const interval = intervals(ledgerCase, predicted, runs);
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
