import type { StepPricer } from './batch.ts';
import type { StepSetting } from './check.ts';
import { stepPricer, type ExplainingPricer } from './pricer.ts';
import { SurfacePricer } from './surface.ts';

/** The exact pricer of a setting, and the one that a simulation asks. */
export interface SettingPricers {
  readonly exact: ExplainingPricer;
  readonly compiled: StepPricer;
}

/** Where a simulation gets its pricers from. */
export type PricerSource = (setting: StepSetting) => SettingPricers;

/**
 * Pricers of their own.
 * @throws InputError with everything that keeps the instance from being priced
 */
export function freshPricers(setting: StepSetting): SettingPricers {
  const exact = stepPricer(setting);
  return { exact, compiled: new SurfacePricer(exact) };
}

/**
 * Pricers that runs of equal settings share: costs depend on the setting alone, so that what one run has compiled holds for the next. The
 * latest settings are kept; machine, model and stack are told apart by identity.
 */
export function sharedPricers(kept: number): PricerSource {
  const known: { readonly setting: StepSetting; readonly layout: string; readonly pricers: SettingPricers }[] = [];
  return (setting) => {
    const { machine, model, stack, role } = setting;
    const layout = JSON.stringify([setting.layout, setting.precision]);
    const at = known.findIndex(
      (entry) =>
        entry.layout === layout &&
        entry.setting.machine === machine &&
        entry.setting.model === model &&
        entry.setting.stack === stack &&
        entry.setting.role === role,
    );
    const entry = at < 0 ? { setting, layout, pricers: freshPricers(setting) } : known.splice(at, 1)[0];
    if (entry === undefined) return freshPricers(setting);
    known.unshift(entry);
    known.length = Math.min(known.length, kept);
    return entry.pricers;
  };
}
