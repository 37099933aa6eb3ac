import type { Bytes, BytesPerSecond, Seconds } from '../base/units.ts';
import type { StepPricer } from '../cost/batch.ts';
import type { DieActivity } from '../cost/power.ts';
import type { InstanceRole } from './instance.ts';
import type { Admission } from './policies/admission.ts';
import type { RouterName } from './policies/router.ts';
import type { SchedulerName } from './policies/scheduler.ts';
import type { ServiceLevel } from './scenario.ts';

/** A pool of equal instances as the engine runs it: counts and prices, everything else is resolved. */
export interface PoolPlant {
  readonly name: string;
  readonly role: InstanceRole;
  readonly instances: number;
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

/** How KV moves from prefill ranks to decode ranks. */
export interface TransferPlant {
  readonly bytesPerToken: Bytes;
  /** What moves with a sequence whatever its length. */
  readonly bytesPerSequence: Bytes;
  /** Groups of dies of one prefill rank that each serve a contiguous group of decode ranks. */
  readonly sourcesPerRank: number;
  /** Of one source group and of one decode rank, one way. */
  readonly sourceBandwidth: BytesPerSecond;
  readonly sinkBandwidth: BytesPerSecond;
  readonly latency: Seconds;
}

/** The pooled prefix cache and how prefill instances read it. */
export interface CachePlant {
  readonly bytesPerToken: Bytes;
  readonly capacity: Bytes;
  readonly blockTokens: number;
  /** Of the whole pool, and of one prefill instance, one way. */
  readonly poolBandwidth: BytesPerSecond;
  readonly instanceBandwidth: BytesPerSecond;
  readonly latency: Seconds;
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

/** A deployment as the engine runs it. One pool is merged; two are prefill and decode. */
export interface Plant {
  readonly pools: readonly PoolPlant[];
  readonly transfer?: TransferPlant | undefined;
  readonly cache?: CachePlant | undefined;
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
