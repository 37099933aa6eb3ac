import type { Seconds } from '../../base/units.ts';
import { engines } from '../../cost/batch.ts';
import type { Interval, Metrics, PoolMeter } from '../../serving/metrics.ts';
import type { Follows } from './sources.ts';

/** A pool as its energy needs it. */
export interface PoweredPool {
  readonly instances: number;
  readonly stages: number;
  readonly chipsPerInstance: number;
}

/** Seconds that the instances of a pool were powered on in an interval of `length` seconds, all together. */
export type PoweredSeconds = (pool: number, interval: number, length: Seconds) => Seconds;

/** What the chips of a pool did in one interval. [chip-seconds] */
export interface ChipSeconds {
  readonly on: number;
  /** Of the time on: in steps; at the maximum (see `activeTime`); with a busy plane. None is longer than `on`. */
  readonly following: Readonly<Record<Follows, number>>;
}

const scaleUp = engines.indexOf('scale-up');
const scaleOut = engines.indexOf('scale-out');

/**
 * What the chips of one pool did, interval by interval. Meters count a step where it begins; what of it no longer fits into the instances' time
 * there lies in the intervals behind, and what lies behind `end` has not happened.
 */
export function chipSecondsOf(metrics: Metrics, pool: PoweredPool, p: number, end: Seconds, powered: PoweredSeconds): readonly ChipSeconds[] {
  const { width, intervals } = metrics;
  const perStage = pool.chipsPerInstance / pool.stages;
  const left = { busy: 0, active: 0, up: 0, out: 0 };
  return intervals.map((interval: Interval, i): ChipSeconds => {
    const length = Math.max(0, Math.min(width, end - i * width));
    const seconds = powered(p, i, length);
    const meter = interval.pools[p] as PoolMeter;
    left.busy += meter.busy;
    left.active += meter.active;
    left.up += meter.engines[scaleUp] as number;
    left.out += meter.engines[scaleOut] as number;
    const fits = Math.min(left.busy, seconds * pool.stages);
    const share = left.busy > 0 ? fits / left.busy : 0;
    const taken = { active: left.active * share, up: left.up * share, out: left.out * share };
    left.busy -= fits;
    left.active -= taken.active;
    left.up -= taken.up;
    left.out -= taken.out;
    return {
      on: seconds * pool.chipsPerInstance,
      following: {
        steps: fits * perStage,
        chips: Math.min(fits, taken.active) * perStage,
        'scale-up': Math.min(fits, taken.up) * perStage,
        'scale-out': Math.min(fits, taken.out) * perStage,
        nothing: 0,
      },
    };
  });
}
