import type { Sketch } from '../../kernel/sketch.ts';
import { energyGroups } from '../energy/sources.ts';
import type { PowerPoint } from '../energy/summary.ts';
import type { Plant, PoolPlant } from '../../serving/plant.ts';
import type { Interval, Metrics, PoolMeter } from '../../serving/metrics.ts';
import { columnsOf, type Row, type TableColumn, type Value } from './table.ts';

const latencies = ['ttft', 'tpot', 'itl', 'e2e'] as const;
const quantiles = [0.5, 0.9, 0.99] as const;

/** Columns of the time series: a row for each interval of the run's metrics, those of the pools and of power behind those of the whole. */
export function seriesColumns({ pools }: Plant): readonly TableColumn[] {
  return [
    ...columnsOf('number', 'from', 'to', 'arrived', 'finished', 'rejected', 'failed', 'interrupted', 'good'),
    ...columnsOf('number', 'input_tokens_per_second', 'output_tokens_per_second', 'waiting', 'running', 'cache_hit_share'),
    ...latencies.flatMap((name) => columnsOf('number', `${name}_mean`, ...quantiles.map((q) => `${name}_p${q * 100}`))),
    ...pools.flatMap(({ name }) => columnsOf('number', ...poolFields.map((field) => `${name.replaceAll('-', '_')}_${field}`))),
    ...columnsOf('number', ...energyGroups.map((group) => `power_${group}`)),
  ];
}

const poolFields = ['busy', 'occupancy', 'kv', 'kv_max', 'steps', 'step_time_mean', 'step_time_p50', 'step_time_p99', 'prompt_tokens', 'preemptions'] as const;

/** The intervals of a run that has been counted up to its end (`metrics.count`). `power`: a point for each. */
export function* seriesRows(
  { pools }: Plant,
  metrics: Metrics,
  power: readonly PowerPoint[],
  served: Served = alwaysServed(pools),
): Generator<Row, void, undefined> {
  const { width, intervals } = metrics;
  for (const [i, interval] of intervals.entries())
    yield [
      ...wholeValues(interval, i, width),
      ...pools.flatMap((pool, p) => poolValues(pool, interval, p, served(p, i * width, (i + 1) * width))),
      ...energyGroups.map((group) => power[i]?.[group] ?? null),
    ];
}

/** `cache_hit_share` is of the prompts that finished in the interval. */
function wholeValues(interval: Interval, index: number, width: number): readonly Value[] {
  const { arrived, finished, rejected, failed, interrupted, good, inputServed, outputServed, waiting, running, inputTokens, cachedTokens } = interval;
  return [
    index * width,
    (index + 1) * width,
    arrived,
    finished,
    rejected,
    failed,
    interrupted,
    good,
    inputServed / width,
    Math.max(0, outputServed) / width,
    waiting / width,
    running / width,
    inputTokens > 0 ? cachedTokens / inputTokens : null,
    ...latencies.flatMap((name) => [mean(interval[name]), ...quantiles.map((q) => quantile(interval[name], q))]),
  ];
}

/** Instance-seconds of service of a pool in a span of time. */
type Served = (pool: number, from: number, to: number) => number;

function alwaysServed(pools: readonly PoolPlant[]): Served {
  return (pool, from, to) => (pools[pool]?.instances ?? 0) * (to - from);
}

/** Steps count where they begin, so that the shares may be a little above 1, and their mean over intervals is that of the whole. */
function poolValues({ stages }: PoolPlant, { pools }: Interval, index: number, seconds: number): readonly Value[] {
  const { busy, occupancy, kv, kvMax, steps, stepTime, prefillTokens, preemptions } = pools[index] as PoolMeter;
  const time = seconds * stages;
  return [
    time > 0 ? busy / time : null,
    busy > 0 ? occupancy / busy : null,
    time > 0 ? kv / time : null,
    kvMax,
    steps,
    mean(stepTime),
    quantile(stepTime, 0.5),
    quantile(stepTime, 0.99),
    prefillTokens,
    preemptions,
  ];
}

function mean(sketch: Sketch): Value {
  return sketch.count === 0 ? null : sketch.mean();
}

function quantile(sketch: Sketch, q: number): Value {
  return sketch.count === 0 ? null : sketch.quantile(q);
}
