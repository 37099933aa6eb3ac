/** How far predictions lie from measurements: |predicted / measured - 1|. */
export interface Score {
  readonly rows: number;
  readonly median: number;
  readonly p90: number;
  readonly p99: number;
}

/**
 * What a formula leaves, at anchors in feature space: the logarithm of measured over predicted, smoothed between anchors. Coordinates are
 * whole steps from the least of each feature, values whole steps of half a percent, so that they ship as a few characters.
 */
export interface Residual {
  /** Width of the kernel, least coordinate and step of each feature. */
  readonly scale: readonly number[];
  readonly low: readonly number[];
  readonly step: readonly number[];
  /** Steps of each anchor along each feature, and its value. */
  readonly places: readonly (readonly number[])[];
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
  /** Generation of the chip: others of it inherit the cell. */
  readonly generation: string;
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
