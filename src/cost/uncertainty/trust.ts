import type { Doubt } from '../../base/doubt.ts';
import { significant } from '../../base/quantity.ts';
import type { Beyond } from '../calibration/range.ts';
import type { Provider } from '../providers.ts';

/**
 * What a figure stands on. `calibrated`: measured launches of this chip, stack and format, within the sizes that were measured. `extrapolated`: measured
 * ones of another chip, stack or format, or of other sizes. `uncalibrated`: data sheets and assumptions.
 */
export const trusts = ['calibrated', 'extrapolated', 'uncalibrated'] as const;
export type Trust = (typeof trusts)[number];

/** Part of a time that stands on each; they sum to 1. */
export type TrustShares = Readonly<Record<Trust, number>>;

/** What has to stand on calibrated prices for the whole to be called so, and on any measured ones not to be called uncalibrated. */
const [enough, most] = [0.9, 0.5];

/** The label of a figure: calibrated where nine tenths of the time behind it are, extrapolated where half of it is measured at all. */
export function labelOf({ calibrated, extrapolated }: TrustShares): Trust {
  if (calibrated >= enough - 1e-9) return 'calibrated';
  return calibrated + extrapolated >= most ? 'extrapolated' : 'uncalibrated';
}

/** The shares of times that stand on something each. */
export function sharesOf(parts: readonly { readonly trust: Trust; readonly time: number }[]): TrustShares {
  const sums = { calibrated: 0, extrapolated: 0, uncalibrated: 0 };
  for (const { trust, time } of parts) sums[trust] += time;
  const total = sums.calibrated + sums.extrapolated + sums.uncalibrated;
  if (total === 0) return { calibrated: 0, extrapolated: 0, uncalibrated: 1 };
  return { calibrated: sums.calibrated / total, extrapolated: sums.extrapolated / total, uncalibrated: sums.uncalibrated / total };
}

/** The doubts of operators beyond what their cells were measured on: for each cell and axis the furthest one. */
export function rangeDoubts(found: readonly { readonly provider: Provider; readonly beyond: readonly Beyond[] }[]): readonly Doubt[] {
  const furthest = new Map<string, { readonly provider: Provider; readonly beyond: Beyond }>();
  for (const { provider, beyond } of found)
    for (const one of beyond) {
      const { chip, stack, class: operatorClass, format } = provider.cell;
      const key = `${operatorClass} in ${format}, ${chip} under ${stack}: ${one.axis} ${one.side}`;
      const known = furthest.get(key);
      if (known === undefined || one.times > known.beyond.times) furthest.set(key, { provider, beyond: one });
    }
  return [...furthest.values()].map(({ provider: { cell }, beyond: { axis, value, limit, times, side } }) => ({
    rule: 'beyond-calibration',
    where: `${cell.class} in ${cell.format}, ${axis}`,
    message: `${axis} ${count(value)} is ${side} the ${count(Number(limit.toPrecision(3)))} or so that were measured on ${cell.chip} under ${cell.stack}, by ${significant(times, 2)} x: the cell's correction is held constant`,
  }));
}

function count(value: number): string {
  const digits = value < 10 && Math.abs(value - Math.round(value)) > 0.01 ? significant(value, 2) : String(Math.round(value));
  return digits.replaceAll(/\B(?=(\d{3})+(?!\d))/g, ',');
}
