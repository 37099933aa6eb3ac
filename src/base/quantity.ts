/** The kinds of quantity that files and flags carry as text, each with its SI base unit. */
export type QuantityKind =
  | 'time'
  | 'bytes'
  | 'bandwidth'
  | 'compute'
  | 'frequency'
  | 'power'
  | 'energy-per-byte'
  | 'money'
  | 'money-rate'
  | 'energy-price'
  | 'rate'
  | 'bytes-per-cycle';

const decimal: Readonly<Record<string, number>> = { '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12, P: 1e15, E: 1e18 };
const binary: Readonly<Record<string, number>> = { Ki: 2 ** 10, Mi: 2 ** 20, Gi: 2 ** 30, Ti: 2 ** 40 };

function scaled(suffix: string, prefixes: Readonly<Record<string, number>>): [string, number][] {
  return Object.entries(prefixes).map(([prefix, factor]) => [prefix + suffix, factor]);
}

const units: Readonly<Record<QuantityKind, Readonly<Record<string, number>>>> = {
  time: { ns: 1e-9, us: 1e-6, µs: 1e-6, ms: 1e-3, s: 1, min: 60, h: 3600, d: 86_400 },
  bytes: Object.fromEntries([...scaled('B', decimal), ...scaled('B', binary)]),
  bandwidth: Object.fromEntries([
    ...scaled('B/s', decimal),
    ...scaled('B/s', binary),
    ...scaled('b/s', decimal).map(([name, factor]): [string, number] => [name, factor / 8]),
  ]),
  compute: Object.fromEntries([...scaled('flop/s', decimal), ...scaled('op/s', decimal), ...scaled('FLOPS', decimal), ...scaled('OPS', decimal)]),
  frequency: { Hz: 1, kHz: 1e3, MHz: 1e6, GHz: 1e9 },
  power: { W: 1, kW: 1e3, MW: 1e6 },
  'energy-per-byte': { 'J/B': 1, 'pJ/B': 1e-12, 'pJ/b': 8e-12 },
  money: { $: 1, k$: 1e3, M$: 1e6 },
  'money-rate': { '$/h': 1 / 3600, '$/s': 1 },
  'energy-price': { '$/kWh': 1 / 3.6e6, '$/J': 1 },
  rate: { '/s': 1, '/min': 1 / 60, '/h': 1 / 3600 },
  'bytes-per-cycle': { 'B/cycle': 1 },
};

/** Units in which a quantity of this kind may be written, for error messages. */
export function unitsOf(kind: QuantityKind): readonly string[] {
  return Object.keys(units[kind]);
}

const pattern = /^\s*(-?(?:\d+(?:_\d+)*(?:\.\d*)?|\.\d+)(?:e[+-]?\d+)?)\s*([^\s\d].*?)?\s*$/i;

/** The result of reading text: a value in SI units, or why not. */
export type Parsed = { readonly value: number; readonly problem?: undefined } | { readonly value?: undefined; readonly problem: string };

const examples: Readonly<Record<QuantityKind, string>> = {
  time: '50 ms',
  bytes: '64 GB',
  bandwidth: '1.6 TB/s',
  compute: '376 TFLOPS',
  frequency: '1.8 GHz',
  power: '700 W',
  'energy-per-byte': '4 pJ/b',
  money: '8 M$',
  'money-rate': '2.3 $/h',
  'energy-price': '0.08 $/kWh',
  rate: '120/s',
  'bytes-per-cycle': '110 B/cycle',
};

/** Reads `4.8 TB/s` as 4.8e12. A bare number, an unknown unit or a unit of another kind is a problem, not a guess. */
export function parseQuantity(text: string, kind: QuantityKind): Parsed {
  const match = pattern.exec(text);
  if (match === null) return { problem: `expected a quantity such as "${examples[kind]}", got "${text}"` };
  const number = Number((match[1] ?? '').replaceAll('_', ''));
  const unit = (match[2] ?? '').trim();
  if (unit === '')
    return { problem: `expected a unit (${unitsOf(kind).slice(0, 6).join(', ')}), got the bare number ${text.trim()}; write it like "${examples[kind]}"` };
  const factor = units[kind][unit];
  if (factor === undefined) {
    const other = (Object.keys(units) as QuantityKind[]).find((candidate) => units[candidate][unit] !== undefined);
    return {
      problem:
        other === undefined
          ? `unknown unit "${unit}"; expected a quantity such as "${examples[kind]}"`
          : `"${text.trim()}" is a quantity of ${other}; expected one of ${kind}, such as "${examples[kind]}"`,
    };
  }
  if (!Number.isFinite(number)) return { problem: `expected a finite quantity, got "${text}"` };
  return { value: number * factor };
}

const steps: readonly [number, string][] = [
  [1e18, 'E'],
  [1e15, 'P'],
  [1e12, 'T'],
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
  [1, ''],
];

/** `formatQuantity(1.6e12, 'B/s')` is `1.6 TB/s`: three significant digits, powers of ten. */
export function formatQuantity(value: number, unit: string, digits = 3): string {
  if (!Number.isFinite(value)) return `– ${unit}`;
  if (unit === 's') return formatTime(value, digits);
  const size = Math.abs(value);
  const [factor, prefix] = steps.find(([step]) => size >= step * 0.9995) ?? [1, ''];
  return `${significant(value / factor, digits)} ${prefix}${unit}`;
}

/** `formatTime(0.0494)` is `49.4 ms`. */
export function formatTime(value: number, digits = 3): string {
  const size = Math.abs(value);
  if (size === 0) return '0 s';
  if (size < 0.9995e-6) return `${significant(value * 1e9, digits)} ns`;
  if (size < 0.9995e-3) return `${significant(value * 1e6, digits)} µs`;
  if (size < 0.9995) return `${significant(value * 1e3, digits)} ms`;
  return `${significant(value, digits)} s`;
}

/** A number with so many significant digits, with thousands separated, and no more decimals than that leaves. */
export function significant(value: number, digits = 3): string {
  const size = Math.abs(value);
  // Twelve decimals would show nothing of it: an error of rounding.
  if (size < 5e-13) return '0';
  const exponent = Number(size.toExponential(digits - 1).split('e')[1]);
  const decimals = Math.min(12, Math.max(0, digits - 1 - exponent));
  const [integer = '', fraction] = value.toFixed(decimals).split('.');
  const grouped = integer.replaceAll(/\B(?=(\d{3})+(?!\d))/g, ',');
  return fraction === undefined ? grouped : `${grouped}.${fraction}`;
}
