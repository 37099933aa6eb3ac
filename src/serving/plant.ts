import type { Bytes, BytesPerSecond, Seconds } from '../base/units.ts';
import type { StepPricer } from '../cost/batch.ts';
import type { DieActivity } from '../cost/power.ts';
import type { Acceptance } from './acceptance.ts';
import type { AdapterPlant } from './adapters/adapter-work.ts';
import type { Admission } from './policies/admission.ts';
import type { RouterName } from './policies/router.ts';
import type { SchedulerName } from './policies/scheduler.ts';
import type { ServiceLevel } from './scenario.ts';

export type InstanceRole = 'prefill' | 'decode' | 'merged';

/** A pool of equal instances as the engine runs it: counts and prices, everything else is resolved. */
export interface PoolPlant {
  readonly name: string;
  readonly role: InstanceRole;
  readonly instances: number;
  /** Those that serve from the beginning; the others wait for a control loop. Absent: all. */
  readonly atStart?: number | undefined;
  /** Stages of the pipeline of one instance, and batches that it has in flight. */
  readonly stages: number;
  /** Data-parallel ranks of one instance. */
  readonly ranks: number;
  readonly kvBlocks: number;
  readonly blockTokens: number;
  /** Blocks that a sequence takes whatever its length. */
  readonly stateBlocks: number;
  /** Kept free when a prompt is admitted beside others; in a decode pool at least what a sequence may grow by in one step. */
  readonly watermarkBlocks: number;
  /** Of one rank in one batch. */
  readonly maxSequences: number;
  /** Of one rank and iteration. [tokens] */
  readonly tokenBudget: number;
  readonly prefixCaching: boolean;
  readonly acceptance: readonly number[];
  /** Adapters that it serves; absent: those that requests ask for cost nothing. */
  readonly adapters?: AdapterPlant | undefined;
  /** Whether an iteration is formed when the one before it begins: what is queued during that one waits one longer (SCH-7). */
  readonly ahead?: boolean | undefined;
  /** Whether prompts are computed apart, before anything decodes on (SCH-8). */
  readonly prefillFirst?: boolean | undefined;
  /** Iterations without prompts behind which an instance looks for what came meanwhile; absent: every one (SCH-14). */
  readonly pollEvery?: number | undefined;
  /** What an iteration with prompts takes at least: the time of the host to launch its operators one by one (SCH-15). */
  readonly launching?: Seconds | undefined;
  readonly pricer: StepPricer;
  /** What busy engines draw; absent: a step draws the maximum. */
  readonly activity?: DieActivity | undefined;
}

/** A pool as its instances see it: what is the same for all of them. */
export interface InstanceOptions extends Omit<PoolPlant, 'acceptance'> {
  readonly acceptance: Acceptance;
}

/** Where a transfer begins or ends. Numbers are those of the plant's links. */
export interface EndPlant {
  /** Its ports, and whatever else contains them and is shared as a whole. */
  readonly ports: readonly number[];
  /** Switches above it, level by level: ends of one group meet there, others take the link (-1 at the top) to the next level. */
  readonly levels: readonly { readonly group: number; readonly link: number }[];
}

/** How KV moves from prefill ranks to decode ranks. */
export interface TransferPlant {
  readonly bytesPerToken: Bytes;
  /** What moves with a sequence whatever its length. */
  readonly bytesPerSequence: Bytes;
  /** Groups of dies of one prefill rank that each serve a contiguous group of decode ranks. */
  readonly sourcesPerRank: number;
  /** Source groups rank by rank over all prefill instances, and decode ranks over all decode instances. */
  readonly sources: readonly EndPlant[];
  readonly sinks: readonly EndPlant[];
  readonly latency: Seconds;
}

/** Links of one end by direction. */
export interface BothWays {
  readonly out: readonly number[];
  readonly in: readonly number[];
}

/** A tier of storage below the memory of the pooled prefix cache. */
export interface StoragePlant {
  readonly capacity: Bytes;
  /** Beside that of the pool. */
  readonly latency: Seconds;
  /** When what the memory holds is stored: with it, or when memory drops it. */
  readonly write: 'through' | 'back';
  /** Links between storage and memory. */
  readonly links: BothWays;
}

/** The pooled prefix cache: its memory is spread over nodes, its blocks over the memory. */
export interface CachePlant {
  readonly bytesPerToken: Bytes;
  /** Of the memory of all its nodes. */
  readonly capacity: Bytes;
  readonly blockTokens: number;
  /** From its last use on. */
  readonly ttl?: Seconds | undefined;
  /** When what is found is read: before the prompt is queued (absent), or when its iteration has been formed, which waits for it (CAC-7). */
  readonly readInStep?: boolean | undefined;
  readonly storage?: StoragePlant | undefined;
  /** Of all nodes together, and of each apart: its own links only. */
  readonly pool: BothWays;
  readonly nodes: readonly BothWays[];
  /** Of prefill ranks, over all instances. */
  readonly ranks: readonly BothWays[];
  /** Of a read, and of a write. */
  readonly latency: Seconds;
  readonly writeLatency: Seconds;
}

/** Something that transfers share. */
export interface LinkPlant {
  readonly name: string;
  readonly rate: BytesPerSecond;
}

/** Who decides what; what is absent is decided in order of arrival, by the least loaded rank, and nobody is turned away. */
export interface PoliciesPlant {
  readonly router?: RouterName | undefined;
  readonly scheduler?: SchedulerName | undefined;
  readonly admission?: Admission | undefined;
}

/** Who shares a deployment: the weight of a share in fair scheduling, and objectives of its own. */
export interface TenantPlant {
  readonly name: string;
  readonly weight: number;
  readonly slo: ServiceLevel;
}

/** A deployment as the engine runs it. One pool is merged; two are prefill and decode; with several models each has a merged pool. */
export interface Plant {
  readonly pools: readonly PoolPlant[];
  readonly transfer?: TransferPlant | undefined;
  readonly cache?: CachePlant | undefined;
  /** Limits of each model, where there are several: pool by pool, by the number that requests ask for. */
  readonly models?: readonly { readonly maxContext: number; readonly maxContextOf: Plant['maxContextOf'] }[] | undefined;
  /** All links that transfers and the cache use. */
  readonly links: readonly LinkPlant[];
  readonly firstToken: 'prefill' | 'decode';
  /** Longest prompt and answer together, and what sets it. [tokens] */
  readonly maxContext: number;
  readonly maxContextOf: 'the model' | 'the KV memory of a rank';
  /** What a front end takes for a request, and for each token of its prompt, one request at a time (REQ-5). */
  readonly intake?: { readonly request: Seconds; readonly token: Seconds } | undefined;
  readonly policies?: PoliciesPlant | undefined;
  /** By number; objectives that one does not have are those of all. */
  readonly tenants?: readonly TenantPlant[] | undefined;
  readonly slo: ServiceLevel;
  readonly seed: number;
}
