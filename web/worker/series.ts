import type { Sketch } from '../../src/kernel/sketch.ts';
import { powerOf, powerSeries } from '../../src/report/energy/summary.ts';
import type { Run } from '../../src/serving/deploy.ts';
import type { Interval } from '../../src/serving/metrics.ts';
import { seriesNames, type Series, type SeriesName } from './frame.ts';

const readers: Readonly<Record<Exclude<SeriesName, 'power'>, (interval: Interval, width: number) => number>> = {
  output: ({ outputServed }, width) => Math.max(0, outputServed) / width,
  input: ({ inputServed }, width) => inputServed / width,
  ttftP50: ({ ttft }) => quantile(ttft, 0.5),
  ttftP99: ({ ttft }) => quantile(ttft, 0.99),
  tpotP50: ({ tpot }) => quantile(tpot, 0.5),
  tpotP99: ({ tpot }) => quantile(tpot, 0.99),
  waiting: ({ waiting }, width) => waiting / width,
  running: ({ running }, width) => running / width,
};

/** The whole intervals of a run so far. Nothing of the run is touched: integrals up to now are the run's own business. */
export function seriesOf(run: Run): Omit<Series, 'planes'> {
  const { metrics, now, done } = run.simulation;
  const { width, intervals } = metrics;
  const count = Math.min(intervals.length, done ? intervals.length : Math.floor(now / width));
  const column = (value: (interval: Interval, i: number) => number): Float64Array => Float64Array.from(intervals.slice(0, count), value);
  const power = powerSeries(run);
  const lines = Object.fromEntries(
    seriesNames.map((name) => [
      name,
      name === 'power' ? column((_, i) => (power[i] === undefined ? NaN : powerOf(power[i]))) : column((interval) => readers[name](interval, width)),
    ]),
  ) as Record<SeriesName, Float64Array>;
  const pools = run.deployed.plant.pools.map(({ instances, stages }, p) => {
    const time = width * instances * stages;
    return {
      kv: column(({ pools: meters }) => (meters[p]?.kv ?? 0) / time),
      busy: column(({ pools: meters }) => Math.min(1, (meters[p]?.busy ?? 0) / time)),
    };
  });
  return { width, count, lines, pools };
}

function quantile(sketch: Sketch, q: number): number {
  return sketch.count === 0 ? NaN : sketch.quantile(q);
}
