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

/** What a spread is of: a cell of another chip and stack is the nearest of more cells than one that differs in either, and errs less than both add up to. */
export const standIns = ['chip', 'stack', 'format', 'kernel', 'chip-and-stack'] as const;
export type StandIn = (typeof standIns)[number];

/** A spread of some classes of operators; of all where none are named. */
export interface SpreadOfClasses extends SharedSpread {
  readonly classes?: readonly string[] | undefined;
  /** Only where what is priced and the cell both run kernels of one vendor's library (`vendorKernels`). */
  readonly vendor?: boolean | undefined;
}

/** Of prices by rates, of launches that take at least so long by them: short ones are far from a plateau. */
export interface RateSpread extends SpreadOfClasses {
  readonly measured: boolean;
  /** On the whole die; absent: any. [s] */
  readonly from?: number | undefined;
}

/** Kernels that several stacks take from the library of the chips' vendor: they differ by its version alone. */
export interface VendorKernels {
  readonly stacks: readonly string[];
  readonly classes: readonly string[];
  readonly formats: readonly string[];
  readonly source: string;
}

/** What micro-benchmarks on a chip under a stack show of prices there that stand on no cell of their own. */
export interface Check extends SourcedSpread {
  readonly chip: string;
  readonly stack: string;
  readonly class: string;
  readonly format: string;
  /** It says nothing of launches that are shorter than all that were measured. [s] */
  readonly from: number;
}

/** Unknowns of a setting that are no errors of prices. */
export const conditions = ['skew', 'drift', 'host', 'cores', 'bandwidth', 'acceptance', 'power', 'activity', 'price'] as const;
/**
 * `skew` of expert load; `drift` between equal ranks; gap of the `host`; share of what an exchange beyond a node does not move bytes for that holds
 * `cores`; `bandwidth` that transfers reach on a plane; `acceptance` of drafts; `power` of machines, and what `activity` of a chip draws of its
 * range; `price`.
 */
export type Condition = (typeof conditions)[number];

/** What is not known of any setting, and by how much: facts with sources, read from data/uncertainty.yaml. */
export interface Uncertainty {
  /** Share of the variance of a cell's held-out error that all operators have in common which it prices. */
  readonly common: { readonly share: number } & Sourced;
  readonly vendorKernels: readonly VendorKernels[];
  /** Of prices that stand on no cell of their own but were checked: instead of the spreads below. */
  readonly checks: readonly Check[];
  /** Between two releases of the same kernels: of all cells but those of another stack, in whose spread it is. The first entry that fits. */
  readonly releases: readonly SpreadOfClasses[];
  /** Of cells of another chip, stack or format: their held-out error is in these. The first entry that fits. */
  readonly standIns: Readonly<Record<StandIn, readonly SpreadOfClasses[]>>;
  /** Of prices by rates of a stack, `measured` on this generation of chips or not: the first entry that fits. */
  readonly rates: readonly RateSpread[];
  /** `elsewhere`: where no library was measured. */
  readonly links: { readonly collective: SharedSpread; readonly 'collective-elsewhere': SharedSpread; readonly exchange: SharedSpread };
  /** Relative, but for `host`, which is added [s], `acceptance`, which is of the logarithm of its odds, and `cores`, a share by its quantiles. */
  readonly conditions: Readonly<Record<Condition, SourcedSpread>>;
}
