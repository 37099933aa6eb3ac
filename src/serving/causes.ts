import type { StepPricer } from '../cost/batch.ts';
import type { StepSetting } from '../cost/check.ts';
import type { PricerSource } from '../cost/shared-pricers.ts';
import { layoutWithout, type LostDies } from '../model/layout-without.ts';
import { slowed } from '../network/slowed.ts';

/** What makes iterations of an instance cost other than its layout on a whole machine says. */
export interface Causes {
  /** Shares of the planes' rates that its exchanges have, by plane; empty: all of them. */
  readonly left: readonly number[];
  /** (slowest - mean) / mean of the ranks of its experts; absent: as its layout says. */
  readonly imbalance?: number | undefined;
  readonly lost?: LostDies | undefined;
}

/** What iterations of a pool's instances cost under such causes. Pure: the same causes, the same prices. */
export type PricedUnder = (pool: number, causes: Causes) => StepPricer;

/** The setting that an instance is priced as: all causes together. */
function settingUnder(setting: StepSetting, { left, imbalance, lost }: Causes): StepSetting {
  const layout = lost === undefined ? setting.layout : layoutWithout(setting.layout, lost);
  const { experts } = layout;
  return {
    ...setting,
    machine: slowed(setting.machine, left),
    layout: imbalance === undefined ? layout : { ...layout, experts: { ...experts, load: { kind: 'skew', skew: imbalance } } },
  };
}

/** @param settings of pools as they were deployed */
export function pricedUnder(settings: readonly StepSetting[], pricers: PricerSource): PricedUnder {
  return (pool, causes) => pricers(settingUnder(settings[pool], causes)).compiled;
}
