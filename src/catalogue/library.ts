import type { Figure } from './figure.ts';

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
  /** Latency of the plane that it was measured on: what another has more is added to every step. [s] */
  readonly latency: number;
  /** [s] */
  readonly start: Figure;
  /** Of every step of the algorithm. [s] */
  readonly step: Figure;
  /** Share of the port that its bytes reach. */
  readonly efficiency: Figure;
  /** Rate at which a rank copies the whole vector in its own memory beside that. [B/s] */
  readonly local?: Figure | undefined;
}

/** A library of communication kernels with its measured constants. */
export interface Library {
  readonly name: string;
  readonly title: string;
  readonly collectives: readonly CollectiveWay[];
}
