import type { Scenario } from '../../src/serving/scenario.ts';

/** Mean and percentiles of one latency over the requests of a run. [s] */
export interface LatencyFigures {
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
}

export const runMetrics = ['ttft', 'tpot', 'e2e'] as const;
export type RunMetric = (typeof runMetrics)[number];
export type RunFigures = Readonly<Record<RunMetric, LatencyFigures>>;

/** A recorded run of a server, and the same traffic as a scenario. */
export interface RecordedRun {
  /** Benchmark that it belongs to, and its own name there. */
  readonly family: string;
  readonly name: string;
  readonly requests: number;
  readonly measured: RunFigures;
  /** KV blocks that the engine reported. */
  readonly kvBlocks?: number | undefined;
  /** Absent where the run cannot be predicted; `reason` says why. */
  readonly scenario?: Scenario | undefined;
  readonly reason?: string | undefined;
  /** What was assumed. */
  readonly notes: readonly string[];
}

/** Exact figures of a list of values. */
export function figuresOf(values: readonly number[]): LatencyFigures {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number): number => sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? NaN;
  const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
  return { mean, p50: at(0.5), p90: at(0.9), p99: at(0.99) };
}
