import type { Unit } from '../../../src/ledger/measure.ts';
import type { Basis, CaseKind } from '../../../src/ledger/case.ts';

/** A published figure beside what the twin says of it, as the build wrote it down: `web/build/ledger.ts`. */
export interface TrustCase {
  readonly id: string;
  readonly title: string;
  readonly kind: CaseKind;
  readonly family?: string | undefined;
  readonly basis: Basis;
  /** Places in `documents`, `machines` and `notes`. */
  readonly document: number;
  readonly place?: string | undefined;
  readonly tag: string;
  readonly machine: number;
  readonly unit: Unit;
  /** SI; the twin's figure by the recorded error. */
  readonly measured: number;
  readonly error: number;
  /** A share of the measured figure, or points. */
  readonly tolerance: number;
  /** Ends of the 80 % interval over the predicted figure, where they are written down. */
  readonly interval?: readonly [number, number] | undefined;
  readonly assumes?: readonly number[] | undefined;
  readonly missing?: number | undefined;
  /** Under `validation/cases/`. */
  readonly file: string;
}

export interface Ledger {
  readonly documents: readonly string[];
  readonly machines: readonly string[];
  readonly notes: readonly string[];
  readonly cases: readonly TrustCase[];
}

/** What the twin says; of a gain in points. */
export function predictedOf({ measured, error, unit }: TrustCase): number {
  return unit === '%' ? measured + error : measured * (1 + error);
}

/** What rounding of a recorded error may leave. */
const rounding = 5e-5;

export function within({ error, tolerance }: TrustCase): boolean {
  return Math.abs(error) <= tolerance + rounding;
}

/** Cases, their median and 90th percentile of |error|, and those within tolerance. */
export interface Score {
  readonly cases: number;
  readonly median: number;
  readonly p90: number;
  readonly within: number;
}

export function scoreOf(cases: readonly TrustCase[]): Score {
  const sizes = cases.map(({ error }) => Math.abs(error)).sort((a, b) => a - b);
  const at = (share: number): number => {
    const place = share * (sizes.length - 1);
    const below = Math.floor(place);
    return (sizes[below] ?? NaN) + (place - below) * ((sizes[below + 1] ?? sizes[below] ?? NaN) - (sizes[below] ?? NaN));
  };
  return { cases: cases.length, median: at(0.5), p90: at(0.9), within: cases.filter(within).length };
}
