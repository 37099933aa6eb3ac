import type { Sketch } from '../../kernel/sketch.ts';
import { powerOf, powerSeries } from '../energy/summary.ts';
import type { Run } from '../../serving/deploy.ts';
import type { Interval, Metrics, PoolMeter } from '../../serving/metrics.ts';
import { exchangeTime } from './frames.ts';
import { seriesNames, type PoolSeries, type Series, type SeriesName } from './frame.ts';

const readers: Readonly<Record<Exclude<SeriesName, 'power' | 'waiting' | 'running'>, (interval: Interval, width: number) => number>> = {
  output: ({ outputServed }, width) => Math.max(0, outputServed) / width,
  input: ({ inputServed }, width) => inputServed / width,
  ttftP50: ({ ttft }) => quantile(ttft, 0.5),
  ttftP99: ({ ttft }) => quantile(ttft, 0.99),
  tpotP50: ({ tpot }) => quantile(tpot, 0.5),
  tpotP99: ({ tpot }) => quantile(tpot, 0.99),
};

/** The whole intervals of a run so far. Nothing of the run is touched: what it has not counted yet is added here. `seen`: as in `powerSeries`. */
export function seriesOf(run: Run, seen: Metrics = run.simulation.metrics): Omit<Series, 'planes'> {
  const { metrics, now, done } = run.simulation;
  const { width, intervals } = seen;
  const count = Math.min(intervals.length, done ? intervals.length : Math.floor(now / width));
  const column = (value: (interval: Interval, i: number) => number): Float64Array => Float64Array.from(intervals.slice(0, count), value);
  const power = powerSeries(run, seen);
  // Requests in flight since they last changed.
  const uncounted = (i: number): number => (done ? 0 : Math.max(0, (i + 1) * width - Math.max(metrics.countedTo, i * width)));
  const line = (name: SeriesName): Float64Array => {
    if (name === 'power') return column((_, i) => (power[i] === undefined ? NaN : powerOf(power[i])));
    if (name === 'waiting') return column(({ waiting }, i) => (waiting + metrics.waitingNow * uncounted(i)) / width);
    if (name === 'running') return column(({ running }, i) => (running + metrics.runningNow * uncounted(i)) / width);
    return column((interval) => readers[name](interval, width));
  };
  const lines = Object.fromEntries(seriesNames.map((name) => [name, line(name)])) as Record<SeriesName, Float64Array>;
  const pools = run.deployed.plant.pools.map(({ instances, stages }, p) =>
    poolSeries(
      intervals.slice(0, count).map(({ pools: meters }) => meters[p] as PoolMeter),
      width * instances * stages,
    ),
  );
  return { width, count, lines, pools };
}

/**
 * Shares of the time of a pool. An iteration counts where it begins: what of it is more than the time of that interval is told in those that follow.
 * @param time of an interval, of all instances together [s]
 */
function poolSeries(meters: readonly PoolMeter[], time: number): PoolSeries {
  const [kv, busy, full, exchange] = [0, 1, 2, 3].map(() => new Float64Array(meters.length)) as [Float64Array, Float64Array, Float64Array, Float64Array];
  let left = { kv: 0, busy: 0, full: 0, exchange: 0 };
  meters.forEach((meter, i) => {
    const all = {
      kv: left.kv + meter.kv,
      busy: left.busy + meter.busy,
      full: left.full + meter.occupancy,
      exchange: left.exchange + exchangeTime(meter.engines),
    };
    const here = all.busy > time ? time / all.busy : 1;
    kv[i] = (all.kv * here) / time;
    busy[i] = (all.busy * here) / time;
    full[i] = (all.full * here) / time;
    exchange[i] = Math.min(1, (all.exchange * here) / time);
    const later = 1 - here;
    left = { kv: all.kv * later, busy: all.busy * later, full: all.full * later, exchange: all.exchange * later };
  });
  return { kv, busy, full, exchange };
}

function quantile(sketch: Sketch, q: number): number {
  return sketch.count === 0 ? NaN : sketch.quantile(q);
}
