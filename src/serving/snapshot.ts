import type { Seconds } from '../base/units.ts';

/** Requests by state: arrived = finished + rejected + failed + waiting + running, at every instant. */
export interface Snapshot {
  readonly at: Seconds;
  readonly arrived: number;
  readonly finished: number;
  readonly rejected: number;
  readonly failed: number;
  readonly waiting: number;
  readonly running: number;
  readonly events: number;
}

/** Counters of the pooled prefix cache or of the instances' own, over the whole run. */
export interface CacheCounters {
  lookups: number;
  promptTokens: number;
  tokensHit: number;
}
