import type { FaultRecord } from '../../serving/faults/fault.ts';
import type { Snapshot } from '../../serving/snapshot.ts';

/** What moves between parts of the deployment in a frame: a request, or its KV. Instances and ranks are numbered over all pools. */
export interface Flight {
  readonly kind: 'arrival' | 'read' | 'push' | 'finish' | 'lost';
  readonly request: number;
  readonly instance: number;
  /** Among the ranks of its pool's instances. */
  readonly rank: number;
  /** Where KV comes from: the instance that computed it. */
  readonly from?: number | undefined;
}

/** One iteration of an instance. */
export interface StepRecord {
  readonly at: number;
  readonly duration: number;
  readonly instance: number;
  readonly decoding: number;
  readonly prefillTokens: number;
  readonly context: number;
  /** By stage, the host's gap last, and by engine, as in a `StepCost`. [s] */
  readonly stages: readonly number[];
  readonly busy: readonly number[];
}

/** A request that has ended, in a line. */
export interface EndedRequest {
  readonly request: number;
  readonly outcome: 'finished' | 'rejected' | 'failed';
  readonly endedAt: number;
  readonly ttft: number | undefined;
  readonly e2e: number;
  readonly inputTokens: number;
  readonly outputTokens: number | undefined;
}

/** A pool over time, as shares. */
export interface PoolSeries {
  /** Of KV blocks, in use. */
  readonly kv: Float64Array;
  /** Of the time, in which instances ran an iteration. */
  readonly busy: Float64Array;
  /** Of places, or of the token budget of prompts, that iterations filled. */
  readonly full: Float64Array;
  /** Of the time, in which dies exchanged something over a plane. */
  readonly exchange: Float64Array;
}

/** The run over time so far, in equal intervals whose width doubles as it gets long: at most 128 of them. SI units; NaN where there is nothing to say. */
export interface Series {
  /** Of an interval. [s] */
  readonly width: number;
  readonly count: number;
  readonly lines: Readonly<Record<SeriesName, Float64Array>>;
  readonly pools: readonly PoolSeries[];
  /** By plane that transfers take, in the order of `planes`: share of the rate of its busier side. */
  readonly planes: readonly { readonly name: string; readonly use: Float64Array }[];
}

export const seriesNames = ['output', 'input', 'ttftP50', 'ttftP99', 'tpotP50', 'tpotP99', 'waiting', 'running', 'power'] as const;
export type SeriesName = (typeof seriesNames)[number];

/** States of an instance, by number. */
export const instanceStates = ['active', 'starting', 'draining', 'off', 'stuck'] as const;

/** How the time of a run goes by. */
export interface Playing {
  readonly playing: boolean;
  /** Simulated seconds per second that are asked for, and whether the engine keeps up. */
  readonly speed: number;
  readonly late: boolean;
  /** On its way to a time that was asked for. */
  readonly seeking: boolean;
}

/** A run at a moment. */
export interface Picture {
  readonly at: number;
  readonly done: boolean;
  readonly counts: Snapshot;
  /** By instance: its state, the share of its places or of its token budget in use, and prompts that wait on it. */
  readonly states: Uint8Array;
  readonly occupancy: Float32Array;
  readonly waiting: Float32Array;
  /** By instance: share of the time of its iteration in which its dies exchange something over a plane: the busier of scale-up and scale-out. */
  readonly exchanges: Float32Array;
  /** By rank: share of its KV blocks in use, and sequences that it has. */
  readonly kv: Float32Array;
  readonly sequences: Float32Array;
  /** By link: share of its own rate that it carried since the last frame, and of that rate what faults leave. */
  readonly links: Float32Array;
  readonly left: Float32Array;
  readonly flights: readonly Flight[];
  readonly faults: readonly FaultRecord[];
  /** By instance the dies that it runs on, where they are not those of the beginning. Now and then. */
  readonly spread?: readonly (readonly number[])[] | undefined;
  readonly ended: readonly EndedRequest[];
  /** Now and then. */
  readonly series?: Series | undefined;
}

/** The run at a moment, as a page shows it. */
export type Frame = Picture & Playing;
