import type { Seconds } from '../../base/units.ts';
import type { ClientPool } from './client-pool.ts';
import type { Labels } from './arrival.ts';
import type { Mix } from './labels.ts';
import type { SessionSupply } from './session.ts';

/** Requests as columns, in order of arrival. Blocks of request i are `blocks[blockStart[i] .. blockStart[i + 1]]`. */
export interface TraceColumns {
  readonly count: number;
  /** From the start of the trace. [s] */
  readonly arrivedAt: Float64Array;
  readonly inputTokens: Int32Array;
  readonly outputTokens: Int32Array;
  /** Tokens that one block id stands for; 0 where the trace has no blocks. */
  readonly blockTokens: number;
  /** `count + 1` entries; empty where the trace has no blocks. */
  readonly blockStart: Int32Array;
  /** Dense ids: equal leading ids mean a shared prefix. */
  readonly blocks: Int32Array;
  /** What the trace says of whose each request is; a column that it does not have is absent. */
  readonly labels?: Partial<Readonly<Record<keyof Labels, Int32Array>>> | undefined;
  /** Names of the tenants by their numbers, where the trace has them. */
  readonly tenants?: readonly string[] | undefined;
}

export type Arrivals =
  /** Exponential gaps. [1/s] */
  | { readonly kind: 'poisson'; readonly rate: number }
  /** Gamma gaps: coefficient of variation 1 is Poisson, above is burstier. */
  | { readonly kind: 'gamma'; readonly rate: number; readonly cv: number }
  /** A fixed number of requests in flight: the next arrives when one ends. */
  | { readonly kind: 'closed'; readonly concurrency: number };

export type Lengths =
  | { readonly kind: 'fixed'; readonly tokens: number }
  | { readonly kind: 'uniform'; readonly min: number; readonly max: number }
  | { readonly kind: 'lognormal'; readonly median: number; readonly sigma: number; readonly max: number }
  /** Quantile table: `tokens[i]` at cumulative share `share[i]`, linear in between. */
  | { readonly kind: 'empirical'; readonly share: readonly number[]; readonly tokens: readonly number[] };

/** Conversations: a request continues an earlier one with chance `share`, and its prompt begins with that one's prompt and answer. */
export interface Reuse {
  readonly share: number;
  readonly blockTokens: number;
  /** Conversations that can still be continued. */
  readonly window: number;
  /** Most of a prompt that can be history; all but its last token where absent. */
  readonly prefix?: number | undefined;
}

/** What every workload has. */
interface Traffic {
  readonly name: string;
  readonly requests: number;
  /** Who shares the machine; without it all labels of a generator are 0, and those of a trace are its own. */
  readonly mix?: Mix | undefined;
}

/** A part of a workload that changes. */
export interface Phase {
  readonly duration: Seconds;
  /** Of Poisson arrivals. [1/s] */
  readonly rate: number;
  readonly input: Lengths;
  readonly output: Lengths;
  /** Index of the model that its requests ask for, where tenants do not say it; 0 where nothing is said. */
  readonly model?: number | undefined;
}

export interface GeneratorWorkload extends Traffic {
  readonly kind: 'generator';
  readonly arrivals: Arrivals;
  readonly input: Lengths;
  readonly output: Lengths;
  readonly reuse?: Reuse | undefined;
  /** Parts one behind the other, and then anew; `arrivals` is their mean. */
  readonly phases?: readonly Phase[] | undefined;
  readonly seed: number;
}

export interface TraceWorkload extends Traffic {
  readonly kind: 'trace';
  readonly columns: TraceColumns;
  /** Arrival times are divided by it. */
  readonly speed: number;
  /** Closed loop over the trace's lengths instead of its times. */
  readonly concurrency?: number | undefined;
}

/** Sessions, whose turns wait for each other. */
export interface SessionWorkload extends Traffic {
  readonly kind: 'sessions';
  readonly supply: SessionSupply;
  /** Of sessions: their rate, or as many at a time. */
  readonly arrivals: Arrivals;
  /** Sessions that start at most. */
  readonly sessions: number;
  /** A longer think time is cut to it. [s] */
  readonly maxThink: number;
  readonly seed: number;
}

/** Many clients of unequal habits. */
export interface PoolWorkload extends Traffic {
  readonly kind: 'client-pool';
  readonly pool: ClientPool;
  /** Every rate is multiplied by it. */
  readonly scale: number;
  readonly seed: number;
}

export type Workload = GeneratorWorkload | TraceWorkload | SessionWorkload | PoolWorkload;
