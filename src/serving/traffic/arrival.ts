import type { Seconds } from '../../base/units.ts';
import type { IdRuns } from '../../kernel/id-runs.ts';

/** Whose request it is and what it asks for, as small whole numbers: 0 where the workload says nothing. */
export interface Labels {
  /** Index among the workload's tenants. */
  tenant: number;
  /** More goes first. */
  priority: number;
  /** Index among the models that are served. */
  model: number;
  /** 0 is the model itself, 1 and more its adapters (LoRA). */
  adapter: number;
}

/** One request as it arrives. */
export interface Arrival extends Labels {
  /** Closed loop: ignored. [s] */
  arrivedAt: Seconds;
  inputTokens: number;
  outputTokens: number;
  /** Tokens per block id; 0 without blocks. */
  blockTokens: number;
  /** Ids of its blocks, each of which stands for all before it too: a list that does not change. */
  prefix: IdRuns;
  /** Whether `prefix` goes on into the answer: when it has ended, its full blocks stay in the cache of a rank that keeps prefixes (CAC-8). Absent: the prompt's only. */
  answered?: boolean | undefined;
  /** Tokens of the prompt that a cache has to have when its turn comes, or it is not computed and fails (CAC-9); absent: none. */
  leastCached?: number | undefined;
  /** Name by which the source is told that the request has ended; -1 where it does not want to know. */
  thread: number;
  /** Number of the instance of the first pool that it came to, where somebody outside routes; absent: the router of the deployment does. */
  instance?: number | undefined;
  /** Number of the rank of that instance; absent: the router picks among them. */
  rank?: number | undefined;
  /** Whether its KV stays where it was computed until somebody outside says where it decodes (`Simulation.handOver`). */
  held?: boolean | undefined;
}

/** Requests one by one, in order of arrival. */
export interface RequestSource {
  /** Fills `arrival` and returns true, or returns false at the end. */
  next(arrival: Arrival): boolean;
  /** Requests in flight that a closed loop keeps up; undefined in an open loop. */
  readonly concurrency?: number | undefined;
  /** Is told that a request with a thread has ended, served or rejected; what follows from it is fetched by `follow` until that returns false. */
  ended?(thread: number, at: Seconds): void;
  /** Fills `arrival` with a request that follows from those that have ended, due at `arrivedAt`, which does not lie before the last end. */
  follow?(arrival: Arrival): boolean;
}

/** An `Arrival` for a source to fill. */
export function emptyArrival(): Arrival {
  return { arrivedAt: 0, inputTokens: 0, outputTokens: 0, blockTokens: 0, prefix: [], thread: -1, tenant: 0, priority: 0, model: 0, adapter: 0 };
}
