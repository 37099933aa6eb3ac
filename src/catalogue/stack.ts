import type { Figure } from './figure.ts';
import type { NumberFormat } from './format.ts';

/** Operator classes that a stack prices apart. */
export const operatorClasses = [
  'gemm',
  'grouped-gemm',
  'attention-prefill',
  'attention-decode',
  'latent-attention-prefill',
  'latent-attention-decode',
  'sparse-attention',
  'vector',
  'embedding',
  'sampling',
] as const;
export type OperatorClass = (typeof operatorClasses)[number];

/** How well a class of operators runs: shares of the peak and of the bandwidth that large shapes reach, and the floor of one launch. */
export interface Efficiency {
  readonly operator: OperatorClass;
  /** Restricts the entry to one format of the operands; absent fits all. */
  readonly format?: NumberFormat | undefined;
  /** Plateau of compute against the sheet's peak. */
  readonly compute: Figure;
  /** Plateau of memory bandwidth against the sheet's. */
  readonly memory: Figure;
  /** Time of an empty launch. [s] */
  readonly floor: Figure;
}

/** Operators that share one launch: one floor for all of them. */
export interface Fusion {
  readonly name: string;
  /** Names of operators as `model/` emits them. */
  readonly operators: readonly string[];
}

/** Measured dispatch and combine of expert parallelism: time by EP degree at one token count, split into a fixed and a per-token part. */
export interface ExchangePoint {
  readonly operation: 'dispatch' | 'combine';
  readonly ranks: number;
  readonly tokens: number;
  readonly time: Figure;
}

export interface Exchange {
  readonly name: string;
  /** Bytes of one token's row to one expert. [B at hidden 7168 unless scaled by `hidden`] */
  readonly dispatchFormat: NumberFormat;
  readonly combineFormat: NumberFormat;
  readonly hidden: number;
  /** Experts per token in the measurement. */
  readonly fanout: number;
  readonly points: readonly ExchangePoint[];
}

/** A stream of a two-microbatch schedule: which stages it runs and the share of the die's cores it owns. */
export interface Stream {
  readonly name: string;
  readonly stages: readonly string[];
  readonly matrixShare: number;
  readonly vectorShare: number;
}

/** A software stack on one family of chips: fusions, efficiencies, exchange tables, host overheads. */
export interface Stack {
  readonly name: string;
  readonly title: string;
  readonly efficiencies: readonly Efficiency[];
  readonly fusions: readonly Fusion[];
  readonly exchanges: readonly Exchange[];
  readonly streams: { readonly prefill: readonly Stream[]; readonly decode: readonly Stream[] };
  /** Time of the host between two steps. [s] */
  readonly hostGap: Figure;
  /** Launch and synchronisation of one collective. [s] */
  readonly collectiveFloor: Figure;
  /** Memory that the framework keeps back on each die. [B] */
  readonly reserve: Figure;
  /** Share of the memory that the engine may fill (gpu-memory-utilization of vLLM and its like). */
  readonly memoryUtilisation: Figure;
  /** KV block of the paged allocator. [tokens] */
  readonly blockTokens: number;
  readonly notes: readonly string[];
}
