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
}

export type Workload =
  | {
      readonly kind: 'generator';
      readonly name: string;
      readonly arrivals: Arrivals;
      readonly input: Lengths;
      readonly output: Lengths;
      readonly reuse?: Reuse | undefined;
      readonly requests: number;
      readonly seed: number;
    }
  | {
      readonly kind: 'trace';
      readonly name: string;
      readonly columns: TraceColumns;
      /** Arrival times are divided by it. */
      readonly speed: number;
      /** Closed loop over the trace's lengths instead of its times. */
      readonly concurrency?: number | undefined;
      readonly requests: number;
    };
