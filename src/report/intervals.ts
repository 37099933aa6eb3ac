import { intervalOf, type Interval } from '../cost/uncertainty/interval.ts';
import { exp, ln } from '../kernel/elementary.ts';
import type { Measured } from './summarise.ts';
import type { Intervals, MetricInterval, MetricName, SeriesPoint, Summary } from './summary.ts';

/** Standard normal variate that nine in ten draws stay below. */
const nineInTen = 1.2815515655446004;

interface Headline {
  readonly of: (run: Measured) => number | undefined;
  /** What the interval cannot leave. */
  readonly most?: number;
  /** The same in one piece of the run: its scatter is the run's own noise. */
  readonly piece?: (point: SeriesPoint) => number;
}

const measured = (count: number, value: number): number | undefined => (count > 0 ? value : undefined);

/** The headline metrics that have intervals. */
const headlines: Readonly<Record<MetricName, Headline>> = {
  requestsPerSecond: { of: ({ throughput }) => throughput.requests, piece: ({ finished }) => finished },
  inputTokensPerSecond: { of: ({ throughput }) => throughput.inputTokens, piece: ({ inputTokensPerSecond }) => inputTokensPerSecond },
  outputTokensPerSecond: { of: ({ throughput }) => throughput.outputTokens, piece: ({ outputTokensPerSecond }) => outputTokensPerSecond },
  ttftP50: { of: ({ latency: { ttft } }) => measured(ttft.count, ttft.p50), piece: ({ ttftP50 }) => ttftP50 },
  ttftP99: { of: ({ latency: { ttft } }) => measured(ttft.count, ttft.p99), piece: ({ ttftP99 }) => ttftP99 },
  tpotP50: { of: ({ latency: { tpot } }) => measured(tpot.count, tpot.p50), piece: ({ tpotP50 }) => tpotP50 },
  tpotP99: { of: ({ latency: { tpot } }) => measured(tpot.count, tpot.p99), piece: ({ tpotP99 }) => tpotP99 },
  goodput: { of: ({ goodput }) => goodput.requestsPerSecond, piece: ({ finished }) => finished },
  goodShare: { of: ({ goodput }) => goodput.share, most: 1 },
  bindingLoad: { of: ({ limit }) => limit.utilisation },
  joulesPerToken: { of: ({ cost }) => cost.joulesPerToken, piece: ({ outputTokensPerSecond }) => outputTokensPerSecond },
  dollarsPerMillionTokens: { of: ({ cost }) => cost.dollarsPerMillionTokens, piece: ({ outputTokensPerSecond }) => outputTokensPerSecond },
};

/** What the resource that binds the run is at in another run. */
function loadOf({ pools, planes }: Measured, resource: string): number | undefined {
  for (const pool of pools) {
    if (resource === `${pool.name} pool`) return pool.load;
    if (resource === `${pool.name} slots`) return pool.occupancy;
    if (resource === `${pool.name} KV memory`) return pool.kv.mean;
  }
  return planes.find(({ name, bytes }) => bytes > 0 && resource === `${name} plane`)?.utilisation;
}

/**
 * Intervals of a run from a shorter one and samples of it: each sample's metric over that of the short run, times the long run's. A metric that is
 * nothing in the short run moves by differences instead, as do shares. What the run's own pieces scatter is added in quadrature.
 */
export function intervalsOf(summary: Summary, nominal: Measured, samples: readonly Measured[], requests: number): Intervals {
  const { resource } = summary.limit;
  const metrics: Partial<Record<MetricName, MetricInterval>> = {};
  for (const [name, headline] of Object.entries(headlines) as readonly [MetricName, Headline][]) {
    const of = name === 'bindingLoad' ? (one: Measured): number | undefined => loadOf(one, resource) : headline.of;
    const [point, short] = [headline.of(summary), of(nominal)];
    if (point === undefined || short === undefined || !Number.isFinite(point)) continue;
    const differs = short === 0 || headline.most !== undefined;
    const most = headline.most ?? Infinity;
    const values = samples.map((sample) => {
      const value = of(sample) ?? short;
      return Math.min(most, Math.max(0, differs ? point + value - short : (point * value) / short));
    });
    const interval = withNoise(intervalOf(point, values), point, noiseOf(summary, headline.piece));
    metrics[name] = { low: Math.max(0, interval.low), high: Math.min(most, interval.high), samples: values };
  }
  const loads = samples.map((sample) => loadOf(sample, resource) ?? 0);
  const [long, short] = [loadOf(summary, resource) ?? 0, loadOf(nominal, resource) ?? 0];
  const overloaded = short > 0 ? loads.filter((load) => (load / short) * long > 1).length : 0;
  return { samples: samples.length, requests, overloaded, metrics };
}

/** ln of a run's own noise: the standard error of the mean of its pieces, nine in ten. */
function noiseOf({ series, window }: Summary, piece: Headline['piece']): number {
  if (piece === undefined) return 0;
  const values = series.filter(({ at, finished }) => at > window.from && at < window.to && finished > 0).map(piece);
  if (values.length < 3) return 0;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / (values.length - 1);
  return mean > 0 ? (nineInTen * Math.sqrt(variance / values.length)) / mean : 0;
}

function withNoise({ low, high }: Interval, point: number, noise: number): Interval {
  if (!(point > 0) || noise === 0) return { low, high };
  const wider = (away: number): number => Math.sqrt(away * away + noise * noise);
  return { low: low > 0 ? point * exp(-wider(ln(point / low))) : low, high: point * exp(wider(ln(high / point))) };
}
