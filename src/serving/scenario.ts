import type { Machine } from '../catalogue/machine.ts';
import type { Stack } from '../catalogue/stack.ts';
import type { Seconds } from '../base/units.ts';
import type { Layout } from '../model/layout.ts';
import type { Model, Precision } from '../model/model.ts';
import type { ExpertBalance } from './experts/balanced.ts';
import type { WeightSource } from './experts/weight-moves.ts';
import type { ExpertsFrom, PlannedFault, RandomFaults, Recovery } from './faults/fault.ts';
import type { Control } from './control/control.ts';
import type { PoliciesPlant } from './plant.ts';
import type { Split } from './traffic/split.ts';
import type { Workload } from './traffic/workload.ts';

/** A pool of equal instances that only prefill: each batch takes waiting prompts up to a token budget. */
export interface PrefillPool {
  readonly instances: number;
  readonly layout: Layout;
  /** Prompt tokens of one batch over the whole instance. */
  readonly batchTokens: number;
}

/** A pool of equal instances that only decode, in lockstep over their data-parallel ranks. */
export interface DecodePool {
  readonly instances: number;
  readonly layout: Layout;
  /** Sequences that one data-parallel rank runs at once. */
  readonly maxSequences: number;
  /** Chance that the drafted token at each position is accepted, given that those before it were. */
  readonly acceptance: readonly number[];
}

/** A rack-wide prefix cache in host memory, read and written over a plane. */
export interface CachePool {
  /** Name of the plane that reads and writes take. */
  readonly plane: string;
  /** The first nodes of the machine, so many, give it memory. */
  readonly nodes: number;
  /** Of all of them together. [B] */
  readonly capacity: number;
  readonly blockTokens: number;
  /** From its last use on, a block is kept so long. */
  readonly ttl?: Seconds | undefined;
  /** Whether iterations wait for what their prompts read; absent: prompts are queued when they have read. */
  readonly readInStep?: boolean | undefined;
  readonly storage?: CacheStorage | undefined;
}

/** Storage below the memory of the prefix cache. */
export interface CacheStorage {
  /** [B] */
  readonly capacity: number;
  /** Of all of it, one way. [B/s] */
  readonly bandwidth: number;
  readonly latency: Seconds;
  /** Written with the memory, or when memory drops a block. */
  readonly write: 'through' | 'back';
}

export interface DisaggregatedDeployment {
  readonly kind: 'disaggregated';
  readonly prefill: PrefillPool;
  readonly decode: DecodePool;
  readonly cache?: CachePool | undefined;
  /** Name of the plane that KV takes from prefill to decode. */
  readonly transferPlane: string;
  /** Which pool emits the first token; `decode` includes the KV push. */
  readonly firstToken: 'prefill' | 'decode';
}

/** Low-rank adapters: their rank, and how many are resident at once on a data-parallel rank. */
export interface Lora {
  readonly rank: number;
  readonly slots: number;
}

/** Instances that prefill and decode in the same iterations: continuous batching with chunked prefill. */
export interface MergedDeployment {
  readonly kind: 'merged';
  readonly instances: number;
  readonly layout: Layout;
  /** Sequences that one data-parallel rank runs at once (max-num-seqs). */
  readonly maxSequences: number;
  /** Tokens of one iteration of one data-parallel rank (max-num-batched-tokens). */
  readonly maxBatchedTokens: number;
  /** Share of KV blocks kept free when a new request is admitted. */
  readonly watermark: number;
  readonly prefixCaching: boolean;
  /** Whether prompts are computed apart, before anything decodes on; absent: as the stack does. */
  readonly prefillFirst?: boolean | undefined;
  /** Decode steps between two looks for new requests; absent: a look behind every step. */
  readonly pollEvery?: number | undefined;
  /** Share of the memory that the engine may fill (gpu-memory-utilization); absent: the stack's. */
  readonly memoryUtilisation?: number | undefined;
  /** Adapters that it serves; absent: those that requests ask for cost nothing. */
  readonly lora?: Lora | undefined;
  readonly acceptance: readonly number[];
}

export type Deployment = DisaggregatedDeployment | MergedDeployment;

export interface ServiceLevel {
  readonly ttft?: Seconds | undefined;
  readonly tpot?: Seconds | undefined;
  readonly e2e?: Seconds | undefined;
}

/** Faults by plan and at random. */
export interface Faults {
  readonly planned: readonly PlannedFault[];
  readonly random: readonly RandomFaults[];
  readonly recovery: Recovery;
  /** Where weights of experts that are placed anew come from. */
  readonly reload: { readonly from: ExpertsFrom; readonly source: WeightSource };
}

/** Equal machines, each with the whole deployment, and a front end before them. */
export interface FleetOfMachines {
  readonly machines: number;
  readonly split: Split;
}

/** A model and what serves it. */
export interface ServedModel {
  readonly model: Model;
  readonly precision: Precision;
  readonly deployment: MergedDeployment;
}

/** Everything that a simulation depends on. Same scenario, same bytes out. */
export interface Scenario {
  readonly name: string;
  readonly machine: Machine;
  readonly model: Model;
  readonly stack: Stack;
  readonly precision: Precision;
  readonly deployment: Deployment;
  /** Further models on the machine, by number from 1; with them the first one is merged too. */
  readonly others?: readonly ServedModel[] | undefined;
  readonly policies: PoliciesPlant;
  /** What fails, and how the deployment gets over it. */
  readonly faults?: Faults | undefined;
  /** Loops that change how many instances there are while they serve. */
  readonly control?: Control | undefined;
  /** What experts are asked for as time goes on, and what pools do about it; absent: as their layouts say. */
  readonly experts?: ExpertBalance | undefined;
  readonly workload: Workload;
  /** Machines that share the traffic; absent: there is one. */
  readonly fleet?: FleetOfMachines | undefined;
  readonly slo: ServiceLevel;
  readonly seed: number;
}
