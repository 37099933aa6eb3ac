import type { TraceColumns } from './workload.ts';

/** Cumulative shares at which lengths are told. */
export const statedShares: readonly number[] = [0.5, 0.9, 0.95, 0.99];

export interface LengthStatistics {
  readonly mean: number;
  readonly min: number;
  /** At `statedShares`: the least length with that share of the requests at or below it. */
  readonly quantiles: readonly number[];
  readonly max: number;
  /** Requests by powers of two: entry i counts lengths in [2^i, 2^(i+1)). */
  readonly histogram: readonly number[];
}

export interface ReuseStatistics {
  readonly blockTokens: number;
  readonly blocks: number;
  readonly distinct: number;
  /** Share of prompt blocks whose whole prefix was in an earlier prompt: the hits of a cache without bound. */
  readonly hitShare: number;
}

export interface TraceStatistics {
  readonly requests: number;
  /** From the first arrival to the last. [s] */
  readonly span: number;
  /** Requests over span; 0 where all arrive at once. [1/s] */
  readonly rate: number;
  /** Coefficient of variation of the gaps between arrivals: 1 is Poisson, above is burstier. */
  readonly gapVariation: number;
  readonly input: LengthStatistics;
  readonly output: LengthStatistics;
  readonly reuse?: ReuseStatistics | undefined;
  /** Arrivals in equal parts of the span, in order. */
  readonly arrivals: readonly number[];
}

/** What a trace of at least one request looks like; its span is cut into `parts` for the course of the rate. */
export function traceStatistics(trace: TraceColumns, parts = 60): TraceStatistics {
  const { count, arrivedAt } = trace;
  const first = arrivedAt[0] ?? 0;
  const span = (arrivedAt[count - 1] ?? 0) - first;
  const arrivals = Array.from({ length: parts }, () => 0);
  let squares = 0;
  for (let i = 0; i < count; i++) {
    const part = span === 0 ? 0 : Math.min(parts - 1, Math.floor((((arrivedAt[i] ?? 0) - first) / span) * parts));
    arrivals[part] = (arrivals[part] ?? 0) + 1;
    if (i > 0) {
      const excess = (arrivedAt[i] ?? 0) - (arrivedAt[i - 1] ?? 0) - span / (count - 1);
      squares += excess * excess;
    }
  }
  return {
    requests: count,
    span,
    rate: span === 0 ? 0 : count / span,
    gapVariation: span === 0 ? 0 : Math.sqrt(squares / (count - 1)) / (span / (count - 1)),
    input: lengthStatistics(trace.inputTokens),
    output: lengthStatistics(trace.outputTokens),
    reuse: trace.blockTokens === 0 ? undefined : reuseStatistics(trace),
    arrivals,
  };
}

/** Of at least one length. */
export function lengthStatistics(tokens: Int32Array): LengthStatistics {
  const sorted = tokens.toSorted();
  const histogram: number[] = [];
  let sum = 0;
  for (const length of sorted) {
    sum += length;
    const power = 31 - Math.clz32(length);
    while (histogram.length <= power) histogram.push(0);
    histogram[power] = (histogram[power] ?? 0) + 1;
  }
  return {
    mean: sum / sorted.length,
    min: sorted[0] ?? 0,
    quantiles: statedShares.map((share) => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0),
    max: sorted.at(-1) ?? 0,
    histogram,
  };
}

function reuseStatistics({ count, blockTokens, blockStart, blocks }: TraceColumns): ReuseStatistics {
  const seen = new Set<number>();
  let hits = 0;
  for (let i = 0; i < count; i++) {
    const end = blockStart[i + 1] ?? 0;
    let at = blockStart[i] ?? 0;
    for (; at < end && seen.has(blocks[at] ?? 0); at++) hits++;
    for (; at < end; at++) seen.add(blocks[at] ?? 0);
  }
  return { blockTokens, blocks: blocks.length, distinct: seen.size, hitShare: blocks.length === 0 ? 0 : hits / blocks.length };
}
