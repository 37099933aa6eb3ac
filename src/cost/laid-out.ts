import type { LayerRuns } from './overlap.ts';

/** Equal layers of several microbatches over streams: made once for layers of one form, then filled with times. All times in seconds. */
export interface LaidOut {
  readonly runs: LayerRuns;
  readonly microbatches: number;
  /** Layers laid out, and slots of one microbatch: slot `m x each + layer x runs + run`. */
  readonly layers: number;
  readonly each: number;
  /** When a slot begins and ends. */
  startOf(id: number): number;
  endOf(id: number): number;
  /** What `lay` is asked, of each run: its time while nothing else draws bandwidth, and what it draws, at the whole bandwidth. */
  readonly times: Float64Array;
  readonly memory: Float64Array;
  /** How often its time each run is answerable for in that of all layers: on the critical path, all microbatches together. */
  readonly shares: Float64Array;
  /** The layer that stands for the others, its begin and its end. */
  readonly steadyLayer: number;
  readonly steadyStart: number;
  readonly steadyEnd: number;
  /** Lays the layers out by `times` and `memory`. */
  lay(): void;
  /** Fills `shares` as `lay` would, and may leave all else as it was. */
  share(): void;
  /** The same with working memory of its own. */
  again(): LaidOut;
}
