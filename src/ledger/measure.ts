import { unreachable } from '../base/errors.ts';
import { formatQuantity, formatTime, parseQuantity, significant, type QuantityKind } from '../base/quantity.ts';

/** Units of figures that are compared, all SI; `%` is a gain, and a figure without a unit counts things. */
export type Unit = 's' | 'B' | 'B/s' | 'flop/s' | 'tok/s' | 'W' | 'tok/J' | '%' | '';

/** A measured figure: its value in SI units. */
export interface Measure {
  readonly value: number;
  readonly unit: Unit;
}

const kinds: readonly (readonly [QuantityKind, Unit])[] = [
  ['time', 's'],
  ['bytes', 'B'],
  ['bandwidth', 'B/s'],
  ['compute', 'flop/s'],
  ['power', 'W'],
];
const pattern = /^\s*([+−-]?[\d,_]+(?:\.\d+)?(?:e[+-]?\d+)?)\s*(\D.*?)?\s*$/i;
const own: readonly Unit[] = ['tok/s', 'tok/J', '%', ''];

/** Reads `49.4 ms`, `1,943 tok/s`, `+27 %` or `336`. */
export function parseMeasure(text: string): Measure | { readonly problem: string } {
  const [, digits = '', suffix = ''] = pattern.exec(text) ?? [];
  const value = Number(digits.replaceAll(/[,_]/g, '').replace('−', '-'));
  if (digits !== '' && Number.isFinite(value)) {
    const unit = own.find((name) => name === suffix);
    if (unit !== undefined) return { value: unit === '%' ? value / 100 : value, unit };
    for (const [kind, base] of kinds) {
      const parsed = parseQuantity(`${value} ${suffix}`, kind);
      if (parsed.problem === undefined) return { value: parsed.value, unit: base };
    }
  }
  return { problem: `expected a figure with its unit such as "49.4 ms", "1,943 tok/s", "164 GB/s", "660 TFLOPS", "+27 %" or "336", got "${text}"` };
}

/** A figure for people. */
export function measureText(value: number, unit: Unit): string {
  switch (unit) {
    case 's':
      return formatTime(value);
    case '%':
      return `${value < 0 ? '−' : '+'}${significant(Math.abs(value) * 100)} %`;
    case '':
      return significant(value, Number.isInteger(value) ? 15 : 4);
    case 'tok/s':
    case 'tok/J':
    case 'W':
      return `${significant(value, Math.abs(value) >= 1000 && Math.abs(value) < 1e7 ? 1 + digitsBefore(value) : 3)} ${unit}`;
    case 'flop/s':
      return formatQuantity(value, 'FLOPS');
    case 'B':
    case 'B/s':
      return formatQuantity(value, unit);
    default:
      return unreachable(unit);
  }
}

/** Digits in front of the point, less one. */
function digitsBefore(value: number): number {
  let count = 0;
  for (let rest = Math.abs(value); rest >= 10; rest /= 10) count++;
  return count;
}
