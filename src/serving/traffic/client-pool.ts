import type { Seconds } from '../../base/units.ts';
import type { DrawTable } from './quantile-sampler.ts';

/** Clients who send requests at their own pace, each with lengths of its own: the traffic of a service, as its sum. */
export interface ClientPool {
  /** For how long one rate holds. [s] */
  readonly window: Seconds;
  /** Windows that the rates go through, and then anew. */
  readonly windows: number;
  readonly clients: readonly PoolClient[];
  /** What was left out or put in place of something, for the report; empty where nothing was. */
  readonly note: string;
}

export interface PoolClient {
  /** By window. [1/s] */
  readonly rate: Float64Array;
  readonly gaps: readonly GapLaw[];
  readonly lengths: readonly ClientLengths[];
  /** Index into `gaps` and into `lengths`, by window. */
  readonly gapsOf: Uint16Array;
  readonly lengthsOf: Uint16Array;
}

/** The law of a client's gaps, whose mean is one over the rate. */
export interface GapLaw {
  readonly kind: 'gamma' | 'weibull';
  readonly shape: number;
}

export interface ClientLengths {
  readonly input: DrawTable;
  readonly output: DrawTable;
}

/** Mean rate of all clients together. [1/s] */
export function meanRate({ clients, windows }: ClientPool): number {
  let sum = 0;
  for (const { rate } of clients) for (const one of rate) sum += one;
  return sum / windows;
}

/** The same clients over so many windows from one on, around the end of the pool's time if need be. */
export function windowsOf(pool: ClientPool, from: number, windows: number): ClientPool {
  const place = (w: number): number => (from + w) % pool.windows;
  const clients = pool.clients.map((client) => ({
    ...client,
    rate: Float64Array.from({ length: windows }, (_, w) => client.rate[place(w)]),
    gapsOf: Uint16Array.from({ length: windows }, (_, w) => client.gapsOf[place(w)]),
    lengthsOf: Uint16Array.from({ length: windows }, (_, w) => client.lengthsOf[place(w)]),
  }));
  return { ...pool, windows, clients };
}
