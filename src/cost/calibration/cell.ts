/** How far predictions lie from measurements: |predicted / measured - 1|. */
export interface Score {
  readonly rows: number;
  readonly median: number;
  readonly p90: number;
  readonly p99: number;
}

/** What a formula leaves, at anchors in feature space: the logarithm of measured over predicted, smoothed between anchors. */
export interface Residual {
  /** Width of the kernel per feature. */
  readonly scale: readonly number[];
  /** `anchors x features`, then one value per anchor. */
  readonly anchors: readonly (readonly number[])[];
  readonly values: readonly number[];
}

/** What tells cells apart. */
export interface CellKey {
  readonly chip: string;
  readonly stack: string;
  readonly class: string;
  readonly format: string;
}

/** A calibrated cell as it is shipped: constants, their error, where they come from. */
export interface Cell extends CellKey {
  readonly parameters: Readonly<Record<string, number>>;
  readonly residual?: Residual | undefined;
  /** On all rows that count for the gates, and on folds whose whole groups the fit had not seen. */
  readonly fit: Score;
  readonly heldOut: Score;
  /** Held-out error of rows that are reported and not gated. */
  readonly reported?: Score | undefined;
  /** Rows left out by the written rule. */
  readonly excluded: number;
  readonly source: string;
}
