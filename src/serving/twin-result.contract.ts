import type { SimulationEvent } from './events.ts';
import type { Request } from './twin-state.contract.ts';
import type { TwinIteration } from './twin-iteration.contract.ts';

/** When a request came to each point of its life: the first time for `ready`, `scheduled` and `firstToken`, else the last. */
export interface Timeline {
  readonly request: number;
  readonly tenant: number;
  readonly input: number;
  readonly output: number;
  readonly cached: number;
  readonly arrived: number;
  readonly ready: number;
  readonly scheduled: number;
  readonly prefilled: number;
  /** These three in a decode pool only. */
  readonly reserved: number | undefined;
  readonly moved: number | undefined;
  readonly joined: number | undefined;
  readonly firstToken: number;
  readonly finished: number;
}

/** What happened in a pool, step by step. */
export interface PoolTrace {
  readonly durations: number[];
  readonly iterations: TwinIteration[];
  /** Share of the KV blocks in use. */
  readonly kv: number[];
  preemptions: number;
}

export interface TwinResult {
  readonly events: SimulationEvent[];
  /** In the order in which requests finished, as the latencies. */
  readonly timelines: Timeline[];
  readonly ttft: number[];
  readonly tpot: number[];
  readonly e2e: number[];
  readonly itl: number[];
  readonly pools: readonly PoolTrace[];
  readonly carried: readonly number[];
  readonly cache: { lookups: number; promptTokens: number; tokensHit: number; evictions: number };
  /** How often what a test wants to have seen came about. */
  readonly seen: { chunked: number; heldBack: number; unitsDropped: number };
}

/** Writes down a request that finishes. `moves`: it decoded elsewhere than it was prefilled. */
export function record(result: TwinResult, request: Request, now: number, moves: boolean): void {
  const { marks, input, output, cached } = request;
  const { arrived = Number.NaN, firstToken = Number.NaN, ready = Number.NaN, scheduled = Number.NaN, prefilled = Number.NaN } = marks;
  const ttft = firstToken - arrived;
  const e2e = now - arrived;
  result.ttft.push(ttft);
  result.e2e.push(e2e);
  if (output > 1) result.tpot.push((e2e - ttft) / (output - 1));
  result.timelines.push({
    request: request.number,
    tenant: request.tenant,
    input,
    output,
    cached,
    arrived,
    ready,
    scheduled,
    prefilled,
    reserved: marks.reserved,
    moved: marks.moved,
    joined: moves ? marks.joined : undefined,
    firstToken,
    finished: now,
  });
}
