import { Interval, Metrics } from '../../src/serving/metrics.ts';
import type { Simulation } from '../../src/serving/simulation.ts';

/**
 * Intervals of a run up to now, as they would be had something just happened: those of the run end with the last event. They are copied, as what the engine
 * decides must not depend, to the last bit, on when somebody looked on.
 */
export function metricsUntilNow({ metrics, now, plant }: Simulation): Metrics {
  const { width, intervals } = metrics;
  if (now < intervals.length * width) return metrics;
  const [pools, tenants] = [plant.pools.length, plant.tenants?.length];
  const seen = new Metrics(pools, tenants);
  seen.width = width;
  seen.intervals = intervals.map((interval) => {
    const own = new Interval(pools, tenants);
    own.merge(interval);
    return own;
  });
  seen.at(now);
  return seen;
}
