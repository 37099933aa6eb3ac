import { formatQuantity, formatTime, significant } from '../../../src/base/quantity.ts';

/** Figures as text, in the units of the field. */
export const show = {
  time: (seconds: number): string => formatTime(seconds),
  share: (share: number): string => `${significant(share * 100, 2)} %`,
  watts: (watts: number): string => formatQuantity(watts, 'W'),
  count: (count: number): string =>
    count >= 10_000 ? formatQuantity(count, '').replace(' ', '') : significant(count, Number.isInteger(count) ? Math.max(1, String(count).length) : 3),
  rate: (perSecond: number): string => formatQuantity(perSecond, '').replace(' ', ''),
} as const;

/** A figure of the catalogue with its unit. */
export function withUnit(value: number, unit: string): string {
  if (unit === '') return significant(value);
  return unit === 's' ? formatTime(value) : formatQuantity(value, unit);
}
