import type { Figure } from './figure.ts';
import type { NumberFormat } from './format.ts';

export const collectiveOperations = ['all-reduce', 'all-gather', 'reduce-scatter', 'all-to-all', 'broadcast'] as const;
export type CollectiveOperation = (typeof collectiveOperations)[number];

/**
 * How a collective runs. `full-mesh`: every rank reads from all others at once; `pairwise`: from one after the other; `one-shot`: every rank reads all
 * vectors and reduces them itself; `two-shot`: each reduces its part, then all read all parts; `in-switch`: the switches reduce and copy.
 */
export const collectiveAlgorithms = ['ring', 'tree', 'recursive-doubling', 'pairwise', 'full-mesh', 'one-shot', 'two-shot', 'in-switch'] as const;
export type CollectiveAlgorithm = (typeof collectiveAlgorithms)[number];

/**
 * One way in which a library runs a collective inside a scale-up domain, with what it costs there: a start, a cost of every step, bytes over the
 * port, bytes that a rank moves in its own memory. Libraries change their protocol with the **chunk**, the bytes of one rank's part.
 */
export interface CollectiveWay {
  readonly library: string;
  /** Generations of chips that it was measured on; absent: any. */
  readonly generations?: readonly string[] | undefined;
  readonly operation: CollectiveOperation;
  readonly algorithm: CollectiveAlgorithm;
  /** How the library's authors call it, where that is known. */
  readonly protocol?: string | undefined;
  /** Sizes of groups and chunks [B] in which the library takes it; absent: any. */
  readonly ranks?: readonly [least: number, most: number] | undefined;
  readonly above: number;
  readonly upTo: number;
  /** Latency of the plane that it was measured on: what another has more is added to every step, of shots to each shot. [s] */
  readonly latency: number;
  /** Port of a die there: its share of one of half the rate or less is at most that of any stream on it. [B/s] */
  readonly port: number;
  /** [s] */
  readonly start: Figure;
  /** Of every step of the algorithm. [s] */
  readonly step: Figure;
  /** Share of the port that its bytes reach. */
  readonly efficiency: Figure;
  /** Rate at which a rank copies the whole vector in its own memory beside that. [B/s] */
  readonly local?: Figure | undefined;
}

export const exchangeOperations = ['dispatch', 'combine'] as const;
export type ExchangeOperation = (typeof exchangeOperations)[number];

export const exchangeKernels = ['low-latency', 'throughput'] as const;
/** Kernels for small batches (decode), and for large ones (prefill). */
export type ExchangeKernel = (typeof exchangeKernels)[number];

export const exchangePlanes = ['scale-up', 'scale-out'] as const;

/** What of a token travels: a copy for each of its experts, or one for each rank that has some. */
export const exchangeCopies = ['experts', 'ranks'] as const;

/** Constants of a dispatch or a combine. */
export interface ExchangeCosts {
  /** Of a call, and of every element of one row: the pipeline fills. [s] */
  readonly start: Figure;
  readonly fill: Figure;
  /** Of every rank of the group, and of every expert that a die holds. [s] */
  readonly rank: Figure;
  readonly expert: Figure;
  /** Of every token that one core handles (of every row, where a token travels once for each rank), and of every element of it. [s] */
  readonly token: Figure;
  readonly element: Figure;
  /** Share of the port that bytes to dies of the same node reach. */
  readonly near: Figure;
  /** The same to dies beyond it, over the plane of the kernel; absent: as near. */
  readonly far?: Figure | undefined;
  /** A chain of latencies that runs beside all of the above: the longer of the two counts. [s] */
  readonly floor?: Figure | undefined;
}

/** Dispatch and combine kernels of expert parallelism. */
export interface Exchange extends Readonly<Record<ExchangeOperation, ExchangeCosts>> {
  readonly library: string;
  readonly name: string;
  readonly generations?: readonly string[] | undefined;
  readonly kernel: ExchangeKernel;
  /** The plane that groups of its size use. On `scale-out`, dies of one node reach each other over scale-up at the same time. */
  readonly plane: (typeof exchangePlanes)[number];
  readonly copies: (typeof exchangeCopies)[number];
  /** Scales that travel with one dispatched row of `hidden` elements. [B] */
  readonly scaleBytes: number;
  readonly hidden: number;
  readonly combineFormat: NumberFormat;
  /** Cores that it keeps to; absent: all of the die. */
  readonly cores?: number | undefined;
  /** Share of what a call over RDMA takes beside moving rows that keeps cores busy as well, beyond what it does inside a node; absent: none. */
  readonly held?: number | undefined;
  /** What it was measured with: the least and most ranks and tokens of a rank, experts in all, and the port of a die on its plane [B/s]. */
  readonly measured: { readonly ranks: readonly [number, number]; readonly tokens: readonly [number, number]; readonly experts: number; readonly port: number };
}

/** A library of communication kernels with its measured constants. */
export interface Library {
  readonly name: string;
  readonly title: string;
  readonly collectives: readonly CollectiveWay[];
  readonly exchanges: readonly Exchange[];
}
