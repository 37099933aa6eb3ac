import type { Measure } from './measure.ts';
import type { Question } from './question.ts';

/** What a case is about, from the smallest thing to the largest. */
export const caseKinds = ['operator', 'link', 'layer', 'step', 'serving', 'system'] as const;
export type CaseKind = (typeof caseKinds)[number];

/** `fitted`: constants of the twin come from this very measurement. `predicted`: none does. */
export const bases = ['fitted', 'predicted'] as const;
export type Basis = (typeof bases)[number];

/** How the figure was come by: read in the primary source, off its figure, told by others, worked out, from memory. */
export const tags = ['P', 'F', 'S', 'D', 'M'] as const;

export interface CaseSource {
  readonly document: string;
  readonly place?: string | undefined;
  readonly tag: (typeof tags)[number];
}

/** How far off still counts as agreement: a share of the measured figure, or points of a gain. */
export interface Tolerance {
  readonly size: number;
  readonly of: 'measured' | 'points';
}

/** One measured figure and the whole scenario that it belongs to. */
export interface LedgerCase {
  readonly id: string;
  readonly title: string;
  readonly kind: CaseKind;
  /** Cases that are summed up together: a library, a table. */
  readonly family?: string | undefined;
  readonly basis: Basis;
  readonly source: CaseSource;
  readonly question: Question;
  /** How even the load of experts was, in the words of the case; undefined without experts. */
  readonly experts?: string | undefined;
  /** What the source does not say and the scenario had to assume. */
  readonly assumes: readonly string[];
  readonly measured: Measure;
  readonly tolerance: Tolerance;
  /** Why the twin is off, where it is. */
  readonly missing?: string | undefined;
  /** Place of the file. */
  readonly file: string;
}
