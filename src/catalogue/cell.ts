/** How far predictions lie from measurements: |predicted / measured - 1|. */
export interface Score {
  readonly rows: number;
  readonly median: number;
  readonly p90: number;
  readonly p99: number;
}

/**
 * What a formula leaves: the logarithm of measured over predicted as a sum of tables over pairs of features, interpolated linearly between
 * knots and constant beyond them. Knots and values are whole steps, so that they ship as a few characters.
 */
export interface Residual {
  /** Least value and step of each feature, and its knots in steps from there, ascending; none for a feature in no table. */
  readonly low: readonly number[];
  readonly step: readonly number[];
  readonly knots: readonly (readonly number[])[];
  readonly tables: readonly ResidualTable[];
}

export interface ResidualTable {
  readonly features: readonly [number, number];
  /** At each pair of knots, the second feature's running fastest, in steps of a percent. */
  readonly values: readonly number[];
}

/** What tells cells apart. */
export interface CellKey {
  readonly chip: string;
  readonly stack: string;
  readonly class: string;
  readonly format: string;
}

/** The die that rows were measured on: a chip without cells of its own takes those of the one that is most like its own. */
export interface MeasuredDie {
  readonly cores: number;
  /** [B/s] */
  readonly bandwidth: number;
  /** At 16 bit. [flop/s] */
  readonly peak: number;
}

/** A calibrated cell as it is shipped: constants, their error, where they come from. */
export interface Cell extends CellKey {
  /** Generation of the chip: others of it inherit the cell. */
  readonly generation: string;
  readonly die?: MeasuredDie | undefined;
  readonly parameters: Readonly<Record<string, number>>;
  readonly residual?: Residual | undefined;
  /** On all rows that count for the gates, and on folds whose whole groups the fit had not seen. */
  readonly fit: Score;
  readonly heldOut: Score;
  /** Held-out error of rows that are reported and not gated. */
  readonly reported?: Score | undefined;
  /** How far the rows themselves lie from any curve along which more work takes no less time: no model comes below it. */
  readonly scatter?: Score | undefined;
  /** Rows left out by the written rule. */
  readonly excluded: number;
  readonly source: string;
  /** A mark of each table whose rows were fitted, see `markOf`. */
  readonly tables?: readonly string[] | undefined;
}
