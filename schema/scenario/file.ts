import type { NumberFormat } from '../../src/catalogue/format.ts';
import type { WeightsPlace } from '../../src/serving/control/control.ts';
import type { RatioName } from '../../src/serving/control/ratio-policy.ts';
import type { ScalingName } from '../../src/serving/control/scaling-policy.ts';
import type { BalancerName } from '../../src/serving/experts/balancer.ts';
import type { Where } from '../experts/files.ts';
import type { LoadFile } from '../experts/load.ts';
import type { ExpertRecovery, ExpertsFrom } from '../../src/serving/faults/fault.ts';
import type { RouterName } from '../../src/serving/policies/router.ts';
import type { SchedulerWord } from './schedulers.ts';
import type { Split } from '../../src/serving/traffic/split.ts';
import type { Lengths } from '../../src/serving/traffic/workload.ts';
import type { Count } from '../counts.ts';
import type { DraftMethod } from './draft.ts';
import type { HostMemory } from './host-memory.ts';

/** Every key may be absent; a key that is there may be undefined. */
type Keys<T> = { readonly [Key in keyof T]?: T[Key] | undefined };

export type PrecisionFile = Keys<{ weights: NumberFormat; experts: NumberFormat; activations: NumberFormat; kv: NumberFormat }>;

export type BalanceFile = Keys<{
  policy: BalancerName | 'perfect';
  /** [s] */
  period: number;
  window: number;
  move: number | 'pause';
}>;

export type ExpertTrafficFile = Keys<{
  power: number;
  counts: string;
  where: Where;
  /** [s] */
  every: number;
  share: number;
}>;

export type ExpertsFile = Keys<{ parallel: number; shared: number; redundant: number; apart: boolean; load: LoadFile; balance: BalanceFile }>;

export type DraftFile = Keys<{
  method: DraftMethod;
  tokens: number;
  acceptance: number | readonly number[];
  model: string;
  vocabulary: number;
  tensor: number;
  weights: NumberFormat;
}>;

/** Size and layout of one instance of any pool, as the file says it. */
export type PoolFile = Keys<{
  instances: number;
  npus: number;
  gpus: number;
  chips: number;
  dies: number;
  tensor: number;
  data: number;
  'context-parallel': number;
  'context-exchange': 'all-gather' | 'ring';
  'decode-context-parallel': number;
  pipeline: number;
  experts: ExpertsFile;
  microbatches: number;
  attention: 'tensor' | 'sp-tp-sp';
  mtp: Keys<{ draft: number; acceptance: number | readonly number[] }>;
  draft: DraftFile;
}>;

export type PrefillFile = PoolFile & Keys<{ 'batch-tokens': Count }>;
export type DecodeFile = PoolFile & Keys<{ 'max-batch': Count }>;
export type StorageFile = Keys<{
  capacity: HostMemory;
  /** [B/s], of all of it */
  bandwidth: number;
  /** [s] */
  latency: number;
}>;
export type CacheFile = Keys<{
  plane: string;
  dram: HostMemory;
  nodes: number;
  'block-tokens': number;
  /** [s] */
  ttl: number;
  read: 'ahead' | 'in-step';
  write: 'through' | 'back' | 'never';
  ssd: StorageFile;
}>;
export type LoraFile = Keys<{ rank: number; slots: number }>;
export type MergedFile = PoolFile &
  Keys<{
    'max-num-seqs': Count;
    'max-num-batched-tokens': Count;
    'prefix-caching': boolean;
    'prefill-first': boolean;
    'poll-every': number;
    watermark: number;
    'gpu-memory-utilization': number;
    lora: LoraFile;
  }>;

export type DeploymentFile = Keys<{
  prefill: PrefillFile;
  decode: DecodeFile;
  cache: CacheFile;
  'transfer-plane': string;
  'first-token': 'prefill' | 'decode';
  merged: MergedFile;
}>;

/** [s] */
export type SloFile = Keys<{ ttft: number; tpot: number; e2e: number }>;

/** Of requests, of prompt tokens, and in seconds. */
export type AdmissionFile = Keys<{ 'in-flight': number; 'queued-tokens': number; ttft: number }>;

/** One of `kill`, `hang`, `slow`, `jitter`, and either `at` or `mtbf`. Times in seconds. */
export type FaultFile = Keys<{ at: number; mtbf: number; for: number; kill: string; hang: string; slow: string; jitter: string; share: number; by: number }>;

/** Times in seconds. */
export type RecoveryFile = Keys<{
  detection: number;
  restart: number;
  retries: number;
  spares: boolean;
  experts: ExpertRecovery;
  'experts-from': ExpertsFrom;
  regroup: number;
}>;

/** Shares as numbers, times in seconds. */
export type ScalingFile = Keys<{ min: number; max: number; policy: ScalingName; target: number; ahead: number; hold: number }>;
export type RatioFile = Keys<{ policy: RatioName; target: number; hold: number; 'min-prefill': number; 'min-decode': number }>;

/** Rates in bytes per second, times in seconds. */
export type WeightsFile = Keys<{ cache: WeightsPlace; dram: HostMemory; store: number; 'per-die': number; setup: number }>;

export type ControlFile = Keys<{
  /** [s] */
  period: number;
  autoscale: Keys<{ prefill: ScalingFile; decode: ScalingFile; merged: ScalingFile }>;
  ratio: RatioFile;
  weights: WeightsFile;
}>;

/** A part of a workload: how long it lasts [s], its rate [1/s] and its lengths. */
export type PhaseFile = Keys<{ for: number; rate: number; input: Lengths; output: Lengths; model: number }>;

export type TenantFile = Keys<{
  name: string;
  share: number;
  /** [1/s] */
  rate: number;
  priority: number;
  model: number;
  weight: number;
  slo: SloFile;
}>;

export type WorkloadFile = Keys<{
  generator: string;
  arrivals: 'poisson' | 'gamma';
  /** [1/s] */
  rate: number;
  cv: number;
  concurrency: number;
  input: Lengths;
  output: Lengths;
  phases: readonly PhaseFile[];
  reuse: Keys<{ share: number; 'block-tokens': number; window: number; prefix: number }>;
  trace: string;
  format: string;
  speed: number;
  sessions: number;
  context: number;
  /** [s] */
  'max-think': number;
  pool: string;
  /** [s] */
  from: number;
  /** [s] */
  span: number;
  tenants: readonly TenantFile[];
  experts: ExpertTrafficFile;
  adapters: Keys<{ count: number; popularity: number; share: number }>;
  requests: number;
  seed: number;
}>;

/** A further model on the machine. */
export type ServedFile = Keys<{ model: string; precision: PrecisionFile; deployment: Keys<{ merged: MergedFile }>; autoscale: ScalingFile }>;

/** The scenario file as it was read, key by key, in SI units. */
export type FleetFile = Keys<{ machines: number; split: Split }>;

export type ScenarioFile = Keys<{
  name: string;
  machine: string;
  model: string;
  stack: string;
  precision: PrecisionFile;
  deployment: DeploymentFile;
  models: readonly ServedFile[];
  faults: readonly FaultFile[];
  recovery: RecoveryFile;
  control: ControlFile;
  policies: Keys<{ router: RouterName; scheduler: SchedulerWord; eviction: 'lru'; admission: AdmissionFile }>;
  workload: WorkloadFile;
  fleet: FleetFile;
  /** [s] */
  slo: SloFile;
  seed: number;
}>;
