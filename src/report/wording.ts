import { formatQuantity, significant } from '../base/quantity.ts';

/** What stands where there is no figure. */
export const unknown = '–';

function known(value: number | undefined): value is number {
  return value !== undefined && Number.isFinite(value);
}

/** `quantity(1.6e12, 'B/s')` is `1.6 TB/s`; no figure is a dash. */
export function quantity(value: number | undefined, unit: string): string {
  return known(value) ? formatQuantity(Math.abs(value) < (unit === 's' ? 1e-15 : 1e-9) ? 0 : value, unit) : unknown;
}

/** `24.1 to 31.0 ms`: both ends in words, the unit once where it is the same. */
export function range(interval: { readonly low: number; readonly high: number }, words: (value: number) => string): string {
  const [low, high] = [words(interval.low), words(interval.high)];
  const unit = / \S+$/.exec(high)?.[0] ?? '';
  return `${unit !== '' && low.endsWith(unit) ? low.slice(0, -unit.length) : low} to ${high}`;
}

/** A whole number with thousands separated. */
function grouped(value: number): string {
  return String(value).replaceAll(/\B(?=(\d{3})+(?!\d))/g, ',');
}

/** A number in full before its unit: `61,440 tok/s`; from ten million on with a prefix. Whole counts show no decimals, whole rates do. */
export function plain(value: number | undefined, unit: string): string {
  if (!known(value)) return unknown;
  if (Number.isInteger(value) && Math.abs(value) < 1e7 && !unit.includes('/')) return `${grouped(value)} ${unit}`;
  return Math.abs(value) >= 1e7 ? formatQuantity(value, unit) : `${significant(value, 3)} ${unit}`;
}

export function duration(value: number | undefined): string {
  if (!known(value)) return unknown;
  if (value >= 7200) return `${significant(value / 3600, 3)} h`;
  if (value >= 600) return `${significant(value / 60, 3)} min`;
  return formatQuantity(value, 's');
}

/** `1 request`, `12,345 requests`. */
export function count(value: number | undefined, noun: string): string {
  if (!known(value)) return unknown;
  const size = Math.abs(value);
  const digits = Number.isInteger(value) && size < 1e15 ? grouped(value) : significant(value, 3);
  return `${digits} ${noun}${size === 1 ? '' : 's'}`;
}

/** Ties numbers to the units behind them with spaces that no line breaks at. */
export function bound(text: string): string {
  return text
    .replaceAll(
      /(\d) (?=[kM]?(?:tok|req|J|\$)\/|(?:%|[kMGTPmµn]?[sBWJ]|min|h|[mb]illion|chips?|[NGT]PUs?|dies?|nodes?|racks?|tokens?|requests?|steps?|points?)(?![\w-]))/g,
      '$1\u00a0',
    )
    .replaceAll(/([≤<>±×]) (?=\d)/g, '$1\u00a0');
}

/** `97.1 %`; a share that is nearly none or nearly all is not rounded to none or all. */
export function percent(share: number | undefined): string {
  if (!known(share) || !known(share * 100)) return unknown;
  if (share > 0 && share < 0.0005) return '< 0.1 %';
  if (share < 1 && share >= 0.9995) return '> 99.9 %';
  return `${share === 1 || share === 0 ? share * 100 : (share * 100).toFixed(1)} %`;
}

/** `671 billion parameters`: a bare B would read as bytes. */
export function parameters(value: number): string {
  if (!known(value)) return unknown;
  if (value >= 1e12) return `${significant(value / 1e12, 3)} trillion`;
  return value >= 1e9 ? `${significant(value / 1e9, 3)} billion` : `${significant(value / 1e6, 3)} million`;
}

/** `+12.3 %` of the way from `from` to `to`, or undefined where that says nothing. */
export function change(from: number | undefined, to: number | undefined): string | undefined {
  if (!known(from) || !known(to) || from === 0) return undefined;
  const ratio = to / from;
  if (!Number.isFinite(ratio) || ratio < 0) return undefined;
  if (ratio >= 10) return `× ${significant(ratio, 3)}`;
  const percentage = ((ratio - 1) * 100).toFixed(1);
  return Number(percentage) === 0 ? '± 0 %' : `${ratio > 1 ? '+' : '−'}${percentage.replace('-', '')} %`;
}

/** `+2.1 points`: how far one share is from another. */
export function points(from: number | undefined, to: number | undefined): string | undefined {
  if (!known(from) || !known(to)) return undefined;
  const apart = ((to - from) * 100).toFixed(1);
  return Number(apart) === 0 ? '± 0 points' : `${to > from ? '+' : '−'}${apart.replace('-', '')} points`;
}

/** `a`, `a and b`, `a, b and c`. */
export function list(items: readonly string[]): string {
  return items.length < 2 ? items.join('') : `${items.slice(0, -1).join(', ')} and ${items.at(-1) ?? ''}`;
}

/** Words that end a sentence: one stop last. */
export function clause(text: string): string {
  const trimmed = text.trim();
  return trimmed === '' || /[.!?]$/.test(trimmed) ? trimmed : `${trimmed}.`;
}

/** A sentence of its own: capital first, one stop last. */
export function sentence(text: string): string {
  const words = clause(text);
  return `${words[0]?.toUpperCase() ?? ''}${words.slice(1)}`;
}
