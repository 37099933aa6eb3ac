import { energyGroups } from '../../src/report/energy/sources.ts';
import { powerSeries } from '../../src/report/energy/summary.ts';
import type { Run } from '../../src/serving/deploy.ts';
import { metricsUntilNow } from '../live/metrics-until-now.ts';
import { ratesOf } from './rate.ts';

/** Mean power by group since it was last asked for; the first time, of the latest interval of the run: those get long with it. [W] */
export function powerMeter(run: Run): () => readonly number[] {
  const { simulation } = run;
  let latest: readonly number[] = [];
  const rates = ratesOf(() => {
    const metrics = metricsUntilNow(simulation);
    const points = powerSeries(run, metrics);
    const last = points.at(-1);
    latest = energyGroups.map((group) => last?.[group] ?? 0);
    const lengthOf = (i: number): number => Math.max(0, Math.min(metrics.width, simulation.now - i * metrics.width));
    return energyGroups.map((group) => points.reduce((joules, point, i) => joules + point[group] * lengthOf(i), 0));
  }, simulation);
  return () => rates() ?? latest;
}
