import type { Run } from '../serving/deploy.ts';
import type { PoweredSeconds } from './energy/activity.ts';

/** Instances of a pool on average of a span of time: with dies, and in service. */
export interface PoolUse {
  readonly powered: number;
  readonly served: number;
}

/** Without control loops those of the plant, all the time. */
export function poolUse({ deployed, fleet }: Run, from: number, to: number): readonly PoolUse[] {
  return deployed.pools.map(({ plant }, p) => {
    if (fleet === undefined || !(to > from)) return { powered: plant.atStart ?? plant.instances, served: plant.atStart ?? plant.instances };
    return { powered: fleet.poweredSeconds(p, from, to) / (to - from), served: fleet.servedSeconds(p, from, to) / (to - from) };
  });
}

/** When instances are on; undefined where they are all the time. */
export function poweredOf({ fleet, simulation }: Run, width: number = simulation.metrics.width): PoweredSeconds | undefined {
  if (fleet === undefined) return undefined;
  return (pool, interval, length) => fleet.poweredSeconds(pool, interval * width, interval * width + length);
}
