import type { Doubt } from '../base/doubt.ts';
import type { BalanceSummary } from './balance.ts';
import type { FaultSummary } from './faults.ts';
import type { FleetSummary } from './fleet.ts';
import type { SeedsSummary } from './seeds.ts';
import type { AdaptersSummary } from './adapters.ts';
import type { SpeculationSummary } from './speculation.ts';
import type { Interval } from '../cost/uncertainty/interval.ts';
import type { Trust, TrustShares } from '../cost/uncertainty/trust.ts';
import type { EnergySummary } from './energy/summary.ts';
import type { TenantsSummary } from './tenants.ts';

/** A distribution by its mean, quantiles and extremes. Quantiles carry the sketch's relative error. */
export interface Distribution {
  readonly count: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

/** A named part of a whole. */
export interface Share {
  readonly name: string;
  /** Mean seconds per request or per step. */
  readonly time: number;
  readonly share: number;
}

/** How busy a pool was inside the steady window. All shares lie between 0 and 1. */
export interface PoolSummary {
  readonly name: string;
  readonly role: 'prefill' | 'decode' | 'merged';
  /** Where control loops change it, the mean of the window, as of chips and dies. */
  readonly instances: number;
  readonly chips: number;
  readonly dies: number;
  readonly layout: string;
  /** Rate in the window against what the pool sustains with full batches of the same requests: 1 is where it binds. */
  readonly load: number;
  /** Share of the time in which an instance ran an iteration. */
  readonly busy: number;
  /** Mean share of sequence slots in use (decode, merged) or of the token budget filled (prefill). */
  readonly occupancy: number;
  /** Mean and highest share of KV blocks in use. */
  readonly kv: { readonly mean: number; readonly max: number };
  /** Share of the time that each engine of a die was busy. */
  readonly engines: readonly { readonly name: string; readonly utilisation: number }[];
  readonly steps: number;
  readonly stepTime: Distribution;
  /** Where the mean step goes, by stage. */
  readonly stepShares: readonly Share[];
  /**
   * What of the mean step the ranks of an instance wait for the slowest one, on average; `error` is the standard error of the share, from so
   * many samples. All 0 where an instance has one rank.
   */
  readonly barrier: { readonly time: number; readonly share: number; readonly error: number; readonly samples: number };
  /** Memory of one die. [B] */
  readonly memory: readonly { readonly name: string; readonly bytes: number }[];
  /** Of one die that holds experts, where they have dies of their own. [B] */
  readonly expertMemory?: readonly { readonly name: string; readonly bytes: number }[] | undefined;
  /** KV blocks per data-parallel rank and tokens in each. */
  readonly kvBlocks: number;
  readonly kvBlockTokens: number;
  readonly preemptions: number;
}

export interface PlaneSummary {
  readonly name: string;
  readonly role: string;
  readonly use: string;
  readonly bytes: number;
  /** Mean share of the capacity that its busiest side (sources or sinks) moved. */
  readonly utilisation: number;
}

/** Share of looked-up prompt tokens that memory of a capacity would have had. */
export interface HitPoint {
  /** [B] */
  readonly capacity: number;
  readonly hitShare: number;
}

/** The prefix cache over the whole run: the pooled one, or those of the instances together. */
export interface CacheSummary {
  readonly hitShare: number;
  readonly lookups: number;
  readonly tokensHit: number;
  /** Of memory, and what is in use of it. [B] */
  readonly capacity: number;
  readonly used: number;
  readonly evictions: number;
  /** Of the pooled cache alone. */
  readonly pool?:
    | {
        readonly plane: string;
        readonly nodes: number;
        /** Bytes read and written go over the plane for memory, between storage and memory for storage. */
        readonly tiers: readonly { readonly name: string; readonly tokensHit: number; readonly read: number; readonly written: number }[];
        /** Blocks that were too old. */
        readonly expired: number;
        /** Of the time to first token in the window, the share in which prefixes were read; absent where iterations read them: it is part of computing the prompts then. */
        readonly readShare?: number | undefined;
        readonly curve: readonly HitPoint[];
        /** Share of the blocks that the curve is counted on. */
        readonly sampled: number;
      }
    | undefined;
}

export interface SeriesPoint {
  /** Middle of the interval. [s] */
  readonly at: number;
  readonly arrived: number;
  readonly finished: number;
  readonly inputTokensPerSecond: number;
  readonly outputTokensPerSecond: number;
  readonly ttftP50: number;
  readonly ttftP99: number;
  readonly tpotP50: number;
  readonly tpotP99: number;
  readonly waiting: number;
  readonly running: number;
  readonly kv: number;
}

/** Headline metrics that have intervals. */
export type MetricName =
  | 'requestsPerSecond'
  | 'inputTokensPerSecond'
  | 'outputTokensPerSecond'
  | 'ttftP50'
  | 'ttftP99'
  | 'tpotP50'
  | 'tpotP99'
  | 'goodput'
  | 'goodShare'
  | 'bindingLoad'
  | 'power'
  | 'joulesPerToken'
  | 'dollarsPerMillionTokens';

/** 80 % intervals of headline metrics, from shorter runs in which what is not known is off. */
export interface Intervals {
  readonly samples: number;
  /** Of each run. */
  readonly requests: number;
  /** Samples in which the binding resource is asked for more than it sustains. */
  readonly overloaded: number;
  /** In the units of the metrics; those that the run does not have are left out. */
  readonly metrics: Readonly<Partial<Record<MetricName, MetricInterval>>>;
}

export interface MetricInterval extends Interval {
  /** What the metric is in each sample: runs of one seed have the same unknowns in the same place. */
  readonly samples: readonly number[];
}

/** What happened in one run: everything that a report shows. SI units. */
export interface Summary {
  readonly scenario: string;
  readonly machine: {
    readonly name: string;
    readonly title: string;
    readonly chip: string;
    readonly chipWord: string;
    /** 0 where nobody knows what a measured server runs on. */
    readonly chips: number;
    readonly chipsUsed: number;
  };
  readonly model: { readonly name: string; readonly parameters: number; readonly activeParameters: number };
  readonly precision: string;
  /** Further models on the machine; absent where there is one. */
  readonly others?:
    | readonly { readonly name: string; readonly parameters: number; readonly activeParameters: number; readonly precision: string }[]
    | undefined;
  readonly stack: string;
  readonly workload: string;
  readonly seed: number;
  readonly requests: {
    readonly arrived: number;
    readonly finished: number;
    readonly rejected: number;
    readonly failed: number;
    readonly running: number;
    readonly waiting: number;
    /** Cause of each rejection or failure with its count. */
    readonly causes: readonly { readonly cause: string; readonly count: number }[];
  };
  /** There only where the run was ended before its last request: how many had ended then, of how many. */
  readonly cutShort?: { readonly ended: number; readonly asked: number } | undefined;
  /** Simulated time from the first arrival to the last event. [s] */
  readonly duration: number;
  readonly window: {
    readonly from: number;
    readonly to: number;
    /** Length in mean request residences. */
    readonly residences: number;
    readonly steady: boolean;
    /** Why the window is what it is, in words. */
    readonly note: string;
  };
  readonly saturation: { readonly saturated: boolean; readonly note: string };
  /** Inside the window. Input counts prompt tokens served, cached ones included. [1/s] */
  readonly throughput: {
    readonly requests: number;
    readonly inputTokens: number;
    readonly outputTokens: number;
    readonly inputTokensPerPrefillChip: number;
    readonly outputTokensPerDecodeChip: number;
    readonly tokensPerChip: number;
  };
  readonly latency: {
    readonly ttft: Distribution;
    readonly tpot: Distribution;
    readonly itl: Distribution;
    readonly e2e: Distribution;
    readonly firstToken: 'prefill' | 'decode';
    /** Relative error of every quantile. */
    readonly quantileError: number;
  };
  readonly goodput: {
    readonly slo: { readonly ttft?: number | undefined; readonly tpot?: number | undefined; readonly e2e?: number | undefined };
    readonly requestsPerSecond: number;
    /** Of the requests that ended in the window: finished, rejected or failed. So are the shares below. */
    readonly share: number;
    readonly misses: readonly { readonly name: string; readonly share: number }[];
    /** Requests that were rejected or failed in the window; absent where there are none. */
    readonly lost?: { readonly rejected: number; readonly failed: number; readonly share: number } | undefined;
    readonly note: string;
  };
  readonly pools: readonly PoolSummary[];
  readonly planes: readonly PlaneSummary[];
  /** Who got what; absent where no tenants are named. */
  readonly tenants?: TenantsSummary | undefined;
  /** In the order in which they came. */
  readonly faults: readonly FaultSummary[];
  /** What control loops did; absent without. */
  readonly control?: FleetSummary | undefined;
  /** What drafts came to, where there are any. */
  readonly speculation?: SpeculationSummary | undefined;
  /** What adapters came to, by pool; absent where none are priced. */
  readonly adapters?: readonly AdaptersSummary[] | undefined;
  /** How evenly experts were loaded, by pool; empty where the workload does not say what they are asked for. */
  readonly balances: readonly BalanceSummary[];
  readonly cache?: CacheSummary | undefined;
  /** Where the mean request's time goes. */
  readonly requestShares: readonly Share[];
  readonly limit: { readonly resource: string; readonly utilisation: number; readonly note: string };
  readonly cost: {
    /** Mean of the window, and the interval of the run with the highest mean. [W] */
    readonly power?: number | undefined;
    readonly peakPower?: number | undefined;
    /** Of an output token, and of a token in or out. */
    readonly joulesPerToken?: number | undefined;
    readonly joulesPerTotalToken?: number | undefined;
    readonly tokensPerSecondPerMegawatt?: number | undefined;
    /** By the hourly price where one is known, else as owned. [$ per million output tokens] */
    readonly dollarsPerMillionTokens?: number | undefined;
    /** What `dollarsPerMillionTokens` is by. */
    readonly basis?: 'hourly' | 'owned' | undefined;
    /** The purchase over its life, and electricity. */
    readonly dollarsPerMillionTokensOwned?: number | undefined;
    readonly note: string;
  };
  readonly energy?: EnergySummary | undefined;
  readonly series: readonly SeriesPoint[];
  /** What full steps of the pool that binds stand on; absent where a server was measured. */
  readonly trust?: { readonly label: Trust; readonly shares: TrustShares; readonly pool: string } | undefined;
  /** There only where they were asked for. */
  readonly intervals?: Intervals | undefined;
  /** Of this run and others that differ in their seeds, where they were asked for. */
  readonly seeds?: SeedsSummary | undefined;
  readonly doubts: readonly Doubt[];
  readonly reproduce: { readonly version: string; readonly scenarioHash: string; readonly calibrationHash: string; readonly seed: number };
}
