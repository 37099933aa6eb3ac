import { significant } from '../base/quantity.ts';
import type { Sketch } from '../kernel/sketch.ts';
import type { Interval } from '../serving/metrics.ts';
import type { ServiceLevel } from '../serving/scenario.ts';
import type { Distribution, SeriesPoint, Summary } from './summary.ts';

export function distribution(sketch: Sketch): Distribution {
  if (sketch.count === 0) return { count: 0, mean: 0, p50: 0, p90: 0, p95: 0, p99: 0, max: 0 };
  return {
    count: sketch.count,
    mean: sketch.mean(),
    p50: sketch.quantile(0.5),
    p90: sketch.quantile(0.9),
    p95: sketch.quantile(0.95),
    p99: sketch.quantile(0.99),
    max: sketch.max,
  };
}

/** What meets its objectives of all that ended, and what is missed most. @param requestsPerSecond that meet all of them */
export function goodput(
  { finished, rejected, failed, good, missed }: Pick<Interval, 'finished' | 'rejected' | 'failed' | 'good' | 'missed'>,
  slo: ServiceLevel,
  requestsPerSecond: number,
): Summary['goodput'] {
  const ended = finished + rejected + failed;
  const of = (part: number): number => (ended === 0 ? 0 : part / ended);
  const share = of(good);
  const lost = ended > finished ? { rejected, failed, share: of(rejected + failed) } : undefined;
  const misses = (['ttft', 'tpot', 'e2e'] as const)
    .filter((name) => slo[name] !== undefined)
    .map((name) => ({ name: name.toUpperCase(), share: of(missed[name]) }));
  const worst = misses.reduce((most, miss) => (miss.share > most.share ? miss : most), { name: '', share: 0 });
  let note = 'no objective is set: every request that finishes counts';
  if (finished === 0) note = 'no request finished in the window';
  else if (misses.length > 0)
    note =
      share >= 0.9
        ? 'at least 90 % of the throughput meets every objective'
        : lost !== undefined && lost.share > worst.share
          ? `${significant(100 * lost.share)} % of the requests were rejected or failed`
          : `${significant(100 * worst.share)} % of the requests miss the ${worst.name} objective`;
  return { slo, requestsPerSecond, share, misses, lost, note };
}

/** One interval of a run over time, of so many seconds. @param kv share of the KV that is in use; NaN where it is not seen */
export function seriesPoint(interval: Interval, index: number, width: number, kv: number): SeriesPoint {
  const quantile = (sketch: Sketch, q: number): number => (sketch.count === 0 ? 0 : sketch.quantile(q));
  return {
    at: (index + 0.5) * width,
    arrived: interval.arrived,
    finished: interval.finished,
    inputTokensPerSecond: interval.inputServed / width,
    outputTokensPerSecond: Math.max(0, interval.outputServed) / width,
    ttftP50: quantile(interval.ttft, 0.5),
    ttftP99: quantile(interval.ttft, 0.99),
    tpotP50: quantile(interval.tpot, 0.5),
    tpotP99: quantile(interval.tpot, 0.99),
    waiting: interval.waiting / width,
    running: interval.running / width,
    kv,
  };
}
