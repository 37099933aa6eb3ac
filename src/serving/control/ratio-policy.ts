import { unreachable } from '../../base/errors.ts';
import type { ServiceLevel } from '../scenario.ts';
import type { PoolView } from './pool-view.ts';
import { worstShare } from './scaling-policy.ts';

/** Says which of two pools should get an instance of the other, if any. */
export interface RatioPolicy {
  /** @param after loads that each pool would have if it gave */
  toward(prefill: PoolView, decode: PoolView, after: LoadAfter): 'prefill' | 'decode' | undefined;
}

/** Load that a pool would have if it gave what a shift takes. */
export interface LoadAfter {
  readonly prefill: number;
  readonly decode: number;
}

export const ratioNames = ['load', 'slo'] as const;
export type RatioName = (typeof ratioNames)[number];

/** `load`: above `target` a pool gets what the other can spare below it. `slo`: the same of latencies as shares of their objectives. */
export interface RatioRule {
  readonly name: RatioName;
  readonly target: number;
}

export function ratioPolicy({ name, target }: RatioRule, slo: ServiceLevel): RatioPolicy {
  switch (name) {
    case 'load':
      return { toward: (prefill, decode, after) => choose(prefill.load, decode.load, after, target) };
    case 'slo':
      return { toward: (prefill, decode, after) => choose(worstShare(prefill, slo), Math.max(worstShare(decode, slo), decode.load), after, target) };
    default:
      return unreachable(name);
  }
}

/** The pool that presses above the target, if the other one would stay below it. */
function choose(prefill: number, decode: number, after: LoadAfter, target: number): 'prefill' | 'decode' | undefined {
  if (prefill > target && prefill >= decode && after.decode < target) return 'prefill';
  if (decode > target && decode > prefill && after.prefill < target) return 'decode';
  return undefined;
}
