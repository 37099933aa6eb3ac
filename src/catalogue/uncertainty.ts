import type { FigureKind } from './figure.ts';

/** How far off something is: quantiles of |ln(real / predicted)|, as likely above as below. */
export interface Spread {
  readonly median: number;
  readonly p90: number;
  readonly p99: number;
}

/** What a source says of a spread. */
interface Sourced {
  readonly kind: FigureKind;
  readonly source: string;
}

/** A spread of one thing. */
export interface SourcedSpread extends Spread, Sourced {}

/** A spread in two parts: what all that stands on the same measurement has in common, and what each has of its own. */
export interface SharedSpread extends Sourced {
  readonly together: Spread;
  readonly apart: Spread;
}

/** What a cell may differ in from what it stands for; `kernel`: it is of another class. */
export const differences = ['chip', 'stack', 'format', 'kernel'] as const;
export type Difference = (typeof differences)[number];

/** Unknowns of a setting that are no errors of prices. */
export const conditions = ['skew', 'drift', 'host', 'bandwidth', 'acceptance', 'power', 'price'] as const;
/**
 * `skew` of expert load; `drift` between equal ranks; gap of the `host`; `bandwidth` that transfers reach on a plane; `acceptance` of drafts;
 * `power` and `price` of machines.
 */
export type Condition = (typeof conditions)[number];

/** What is not known of any setting, and by how much: facts with sources, read from data/uncertainty.yaml. */
export interface Uncertainty {
  /** Share of the variance of a cell's held-out error that all operators have in common which it prices. */
  readonly common: { readonly share: number } & Sourced;
  /** Of cells of another chip, stack or format: their held-out error is in these. */
  readonly standIns: Readonly<Record<Difference, SharedSpread>>;
  /** Of prices by rates of a stack, `measured` on this generation of chips or not: the first entry whose classes fit, or that has none. */
  readonly rates: readonly (SharedSpread & { readonly measured: boolean; readonly classes?: readonly string[] | undefined })[];
  /** Of links whose own fit says nothing; `elsewhere`: where no library was measured. */
  readonly links: { readonly collective: SharedSpread; readonly 'collective-elsewhere': SharedSpread; readonly exchange: SharedSpread };
  /** Relative, but for `host`, which is added [s], and `acceptance`, which is of the logarithm of its odds. */
  readonly conditions: Readonly<Record<Condition, SourcedSpread>>;
}
