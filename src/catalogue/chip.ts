import type { Figure } from './figure.ts';
import type { NumberFormat } from './format.ts';

/** Peak rate of a matrix engine in one number format, dense. [flop/s per die] */
export interface MatrixPeak {
  /** What the data sheet says: the denominator of published utilisations. */
  readonly peak: Figure;
  /** What no kernel passes, where it is known to lie below the sheet (clock times width). */
  readonly ceiling?: Figure | undefined;
}

/** One die: the unit that software enumerates. All rates are dense, all bandwidths one way. */
export interface Die {
  readonly matrix: { readonly cores: Figure; readonly peaks: { readonly [Format in NumberFormat]?: MatrixPeak | undefined } };
  /** Vector (SIMD) engine. `peak` at 16 bit. [flop/s] `threads`: how many a core keeps at once, where it runs threads. */
  readonly vector: { readonly cores: Figure; readonly peak: Figure; readonly threads?: Figure | undefined };
  /** [B], [B/s] */
  readonly memory: { readonly capacity: Figure; readonly bandwidth: Figure };
  /** Last-level cache. [B] */
  readonly cache?: Figure | undefined;
}

/** An accelerator package. */
export interface Chip {
  readonly name: string;
  readonly title: string;
  readonly vendor: string;
  /** What its users call one package: NPU, GPU. */
  readonly word: string;
  /** Chips of one generation share operator efficiencies where one of them has no measurements. */
  readonly generation: string;
  /** The generation before it whose efficiencies stand in where its own has no measurements either. */
  readonly follows?: string | undefined;
  readonly dies: number;
  readonly die: Die;
  /** Thermal design power of the package and its power at idle. [W] */
  readonly power: { readonly max: Figure; readonly idle?: Figure | undefined };
  /** Rental or ownership cost. [$/s per package] */
  readonly price?: Figure | undefined;
  readonly notes: readonly string[];
}
