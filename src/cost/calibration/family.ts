import type { Chip } from '../../catalogue/chip.ts';
import type { NumberFormat } from '../../catalogue/format.ts';
import type { ComputeOperator } from '../../model/operator.ts';

/** One measured launch: the shape that was run and how long it took. */
export interface MeasuredRow<Shape> {
  readonly shape: Shape;
  /** [s] */
  readonly time: number;
}

/** A constant of a formula: what it is, in which bounds it makes physical sense, and where a fit starts. */
export interface FittedParameter {
  readonly name: string;
  readonly unit: string;
  readonly min: number;
  readonly max: number;
  readonly start: number;
  /** Where further fits start, of which the best is taken: for constants that do nothing until they are large enough, and for choices. */
  readonly also?: readonly number[] | undefined;
  /** How strongly it is held where its fit starts, for what few groups of shapes tell; in units of the loss for the square of the whole range. */
  readonly hold?: number | undefined;
}

/** What a formula knows of the die that ran it; peaks and bandwidths in SI, dense, one way. */
export interface DieRates {
  readonly chip: Chip;
  readonly format: NumberFormat;
  /** Sheet peak of the format's matrix rate, and what no kernel passes. [flop/s] */
  readonly peak: number;
  readonly ceiling: number;
  /** [flop/s] */
  readonly vector: number;
  readonly cores: number;
  readonly vectorCores: number;
  /** Blocks of 1,024 threads, the largest there are, that a vector core holds at once; one where it runs no threads. */
  readonly blocks: number;
  /** [B/s] */
  readonly bandwidth: number;
  /** Last-level cache. [B] */
  readonly cache: number;
}

/**
 * A family of operators that one formula prices: launch floor, tile and wave quantisation, traffic, vector terms. A cell (chip, stack,
 * class, format) fits its parameters; what the formula leaves is interpolated over the features.
 */
export interface OperatorFamily<Shape> {
  /** Class of the cells: `gemm`, `attention-decode` ... */
  readonly class: string;
  readonly parameters: readonly FittedParameter[];
  /** Time of one launch by the formula alone. [s] */
  time(shape: Shape, die: DieRates, parameters: ArrayLike<number>): number;
  /** The least time that the die's hard limits allow: no prediction is below it. [s] */
  floor(shape: Shape, die: DieRates): number;
  /** Coordinates (mostly base-2 logarithms) in which near shapes leave near residuals. */
  features(shape: Shape): readonly number[];
  /** Shapes of one group are held out together: whole (N, K), whole head groups. */
  group(shape: Shape): string;
  /** Whether a shape counts for the gates; shapes that repeat badly are scored apart. Absent: all count. */
  gated?(shape: Shape): boolean;
  /** Whether a fit looks at a shape; others only test it. Absent: all. */
  fitted?(shape: Shape): boolean;
  /** The sweep that a shape is on and its place there: work grows with `at` while all else stays. */
  sweep?(shape: Shape): { readonly along: string; readonly at: number };
  /** The same where the sweep is too coarse to tell a disturbance from a step of the kernel. */
  growth?(shape: Shape): { readonly along: string; readonly at: number };
  /** The shape of an operator of a step, if it says one. A family without this prices no steps. */
  shapeOf?(operator: ComputeOperator): Shape | undefined;
  /** A family of the same shapes whose cells price this one's operators where there is no cell of its own. */
  readonly standIn?: OperatorFamily<Shape> | undefined;
  /**
   * Changes the constants to what holds inside a step: without what the benchmark had around the kernel, such as the host that enqueues it,
   * and without what a step launches apart. `launch` is the time of an empty launch of a vector operator. [s]
   */
  inStep?(parameters: Float64Array, die: DieRates, launch: number): void;
}
