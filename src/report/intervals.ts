import { intervalOf, type Interval } from '../cost/uncertainty/interval.ts';
import { exp, ln } from '../kernel/elementary.ts';
import type { Measured } from './summarise.ts';
import type { Intervals, MetricInterval, MetricName, SeriesPoint, Summary } from './summary.ts';

/** Standard normal variate that nine in ten draws stay below. */
const nineInTen = 1.2815515655446004;

/** One sample of a run. */
export interface Sampled {
  /** The short run. */
  readonly measured: Measured;
  /** Of each pool in the long run. */
  readonly loads: readonly number[];
  /** A factor. */
  readonly price: number;
}

/** A run, a shorter one, and samples of that. */
interface SampledRun {
  readonly summary: Summary;
  readonly nominal: Measured;
  readonly samples: readonly Sampled[];
  /** Of the short runs. */
  readonly requests: number;
  /** Requests arrive whether or not others have ended. */
  readonly open: boolean;
}

interface Headline {
  readonly of: (run: Measured) => number | undefined;
  /** What an interval cannot leave. */
  readonly most?: number;
  /** How the metric goes with what an open loop puts through: in the long run that is what arrives, or what the fullest pool sustains. */
  readonly through?: (put: number, sample: Sampled, nominal: Measured) => number;
  /** The same in one piece of the run: its scatter is the run's own noise. */
  readonly piece?: (point: SeriesPoint) => number;
}

const measured = (count: number, value: number): number | undefined => (count > 0 ? value : undefined);
const asMuch = (put: number): number => put;

/** The headline metrics that have intervals, but for goodput and the load of what binds. */
const headlines: Readonly<Record<Exclude<MetricName, 'goodput' | 'bindingLoad'>, Headline>> = {
  requestsPerSecond: { of: ({ throughput }) => throughput.requests, through: asMuch, piece: ({ finished }) => finished },
  inputTokensPerSecond: { of: ({ throughput }) => throughput.inputTokens, through: asMuch, piece: ({ inputTokensPerSecond }) => inputTokensPerSecond },
  outputTokensPerSecond: { of: ({ throughput }) => throughput.outputTokens, through: asMuch, piece: ({ outputTokensPerSecond }) => outputTokensPerSecond },
  ttftP50: { of: ({ latency: { ttft } }) => measured(ttft.count, ttft.p50), piece: ({ ttftP50 }) => ttftP50 },
  ttftP99: { of: ({ latency: { ttft } }) => measured(ttft.count, ttft.p99), piece: ({ ttftP99 }) => ttftP99 },
  tpotP50: { of: ({ latency: { tpot } }) => measured(tpot.count, tpot.p50), piece: ({ tpotP50 }) => tpotP50 },
  tpotP99: { of: ({ latency: { tpot } }) => measured(tpot.count, tpot.p99), piece: ({ tpotP99 }) => tpotP99 },
  goodShare: { of: ({ goodput }) => goodput.share, most: 1 },
  // What engines are busy for goes with prices: power comes from the short runs, whatever they put through.
  power: { of: ({ cost }) => cost.power },
  joulesPerToken: {
    of: ({ cost }) => cost.joulesPerToken,
    through: (put, { measured: { cost } }, nominal) => (cost.power ?? 0) / (nominal.cost.power ?? 1) / put,
    piece: ({ outputTokensPerSecond }) => outputTokensPerSecond,
  },
  dollarsPerMillionTokens: {
    of: ({ cost }) => cost.dollarsPerMillionTokens,
    through: (put, { price }) => price / put,
    piece: ({ outputTokensPerSecond }) => outputTokensPerSecond,
  },
};

/** The headline metrics of a run; those that it does not have are left out. */
export function headlineValues(summary: Summary): Readonly<Partial<Record<MetricName, number>>> {
  const own = (Object.entries(headlines) as readonly [MetricName, Headline][]).flatMap(([name, { of }]): readonly [MetricName, number][] => {
    const value = of(summary);
    return value === undefined || !Number.isFinite(value) ? [] : [[name, value]];
  });
  return { ...Object.fromEntries(own), goodput: summary.goodput.requestsPerSecond, bindingLoad: summary.limit.utilisation };
}

/** What the resource that binds the run is at in another run. */
function loadOf({ pools, planes }: Measured, resource: string): number | undefined {
  for (const pool of pools) {
    if (resource === `${pool.name} slots`) return pool.occupancy;
    if (resource === `${pool.name} KV memory`) return pool.kv.mean;
    if (resource === `${pool.name} pool`) return pool.load;
  }
  return planes.find(({ name, bytes }) => bytes > 0 && resource === `${name} plane`)?.utilisation;
}

/** Intervals of a run's headline metrics. What the run's own pieces scatter is added in quadrature. */
export function intervalsOf(run: SampledRun): Intervals {
  const { summary, samples, requests, open } = run;
  const metrics: Partial<Record<MetricName, MetricInterval>> = {};
  const add = (name: MetricName, point: number, values: readonly number[], { most = Infinity, piece }: Omit<Headline, 'of'> = {}): void => {
    const inside = values.map((value) => Math.min(most, Math.max(0, value)));
    const { low, high } = withNoise(intervalOf(point, inside), point, noiseOf(summary, piece));
    // Of what no sample changes, in a run too short to show what chance does, nothing is known.
    if (piece !== undefined && low === high) return;
    metrics[name] = { low: Math.max(0, low), high: Math.min(most, high), samples: inside };
  };
  const fullest = Math.max(1, ...summary.pools.map(({ load }) => load));
  const asked = askedFor(summary);
  // Nothing puts through more than arrives.
  const least = asked > 1 ? fullest / asked : 1;
  const put = samples.map(({ loads }) => fullest / Math.max(least, ...loads));
  for (const [name, headline] of Object.entries(headlines) as readonly [keyof typeof headlines, Headline][]) {
    const point = headline.of(summary);
    if (point === undefined || !Number.isFinite(point)) continue;
    const { through } = headline;
    add(
      name,
      point,
      open && through !== undefined ? samples.map((sample, k) => point * through(put[k] ?? 1, sample, run.nominal)) : carried(run, headline, point),
      headline,
    );
  }
  const { requestsPerSecond, goodShare } = metrics;
  const { goodput, throughput } = summary;
  // Requests that end for each that finishes: the share of good ones is of the former.
  const ended = goodput.requestsPerSecond / (throughput.requests * goodput.share);
  if (requestsPerSecond !== undefined && goodShare !== undefined && goodput.share > 0)
    add(
      'goodput',
      goodput.requestsPerSecond,
      requestsPerSecond.samples.map((rate, k) => rate * ended * (goodShare.samples[k] ?? goodput.share)),
      {
        piece: ({ finished }) => finished,
      },
    );
  const loads = loadsOf(run);
  if (loads !== undefined) add('bindingLoad', summary.limit.utilisation, loads);
  return { samples: samples.length, requests, overloaded: loads?.filter((load) => load * asked > 1).length ?? 0, metrics };
}

/** How often what is put through arrives where requests pile up: pools are at what they sustain there, whatever they are asked for. */
function askedFor(summary: Summary): number {
  if (!summary.saturation.saturated) return 1;
  const sum = (of: (point: SeriesPoint) => number): number => pieces(summary).reduce((total, point) => total + of(point), 0);
  return Math.max(
    1,
    sum(({ arrived }) => arrived) /
      Math.max(
        1,
        sum(({ finished }) => finished),
      ),
  );
}

/** Each sample's metric over that of the short run, times the long run's. Shares, and what is nothing in the short run, move by differences instead. */
function carried({ nominal, samples }: SampledRun, { of, most }: Headline, point: number): readonly number[] {
  const short = of(nominal) ?? 0;
  const differs = short === 0 || most !== undefined;
  return samples.map((sample) => {
    const value = of(sample.measured) ?? short;
    return differs ? point + value - short : (point * value) / short;
  });
}

/** The load of what binds in each sample: of a pool that does not wait for its clients by its prices, else as in the short runs. */
function loadsOf(run: SampledRun): readonly number[] | undefined {
  const { summary, nominal, samples, open } = run;
  const { resource, utilisation } = summary.limit;
  const pool = summary.pools.findIndex(({ name }) => resource === `${name} pool`);
  if (open && pool !== -1) return samples.map(({ loads }) => loads[pool] ?? utilisation);
  if (loadOf(nominal, resource) === undefined) return undefined;
  return carried(run, { of: (one) => loadOf(one, resource) }, utilisation);
}

/** ln of a run's own noise: the standard error of the mean of its pieces, nine in ten. */
function noiseOf(summary: Summary, piece: Headline['piece']): number {
  if (piece === undefined) return 0;
  const { residences } = summary.window;
  const values = pieces(summary)
    .filter(({ finished }) => finished > 0)
    .map(piece);
  return nineInTen * standardError(values, residences > 0 ? values.length / residences : 1);
}

/** What of a run its figures are of. */
function pieces({ series, window }: Summary): readonly SeriesPoint[] {
  return series.filter(({ at }) => at > window.from && at < window.to);
}

/** A run of fewer independent stretches shows nothing of its noise. */
const fewestStretches = 2;

/**
 * Relative standard error of the mean of consecutive pieces, by overlapping batch means (Meketon and Schmeiser 1984) of `length` pieces. Over one
 * residence: requests that come and go together, as in a closed loop of equal ones, make waves of that length, which the mean has all of and
 * which are no chance.
 */
export function standardError(values: readonly number[], length: number): number {
  const [n, m] = [values.length, Math.max(1, Math.round(length))];
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  if (n < 3 || n < fewestStretches * m || !(mean > 0)) return 0;
  let inside = values.slice(0, m).reduce((sum, value) => sum + value, 0);
  let squares = 0;
  for (let end = m; ; end++) {
    squares += (inside / m - mean) * (inside / m - mean);
    if (end === n) break;
    inside += (values[end] as number) - (values[end - m] as number);
  }
  const variance = ((n * m) / ((n - m + 1) * (n - m))) * squares;
  return Math.sqrt(variance / n) / mean;
}

function withNoise({ low, high }: Interval, point: number, noise: number): Interval {
  if (!(point > 0) || noise === 0) return { low, high };
  const wider = (away: number): number => Math.sqrt(away * away + noise * noise);
  return { low: low > 0 ? point * exp(-wider(ln(point / low))) : low, high: point * exp(wider(ln(high / point))) };
}
