import { formatQuantity, formatTime, significant } from '../../src/base/quantity.ts';

/** A constant of a fit with its unit: times scaled (`4.087 µs`, `12.30 ns per row`), the unit `1` left out. */
export function constantText(value: number, unit: string): string {
  const [, time, of = ''] = /^(s)((?:\/| per ).*)?$/.exec(unit) ?? [];
  if (time !== undefined) return `${formatTime(value, 4)}${of}`;
  if (unit === 'B') return formatQuantity(value, unit, 4);
  return unit === '1' || unit === '' ? significant(value, 4) : `${significant(value, 4)} ${unit}`;
}
