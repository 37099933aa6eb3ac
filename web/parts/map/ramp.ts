/** Colours of the page as canvases need them, by their tokens in style/tokens.css. */
export const tokens = [
  'page',
  'card',
  'ink',
  'quiet',
  'rule',
  'accent',
  'good',
  'warn',
  'bad',
  'track',
  'soft',
  'prefill',
  'decode',
  'merged',
  'cache',
  'spare',
  'line-1',
  'line-2',
  'line-3',
  'line-4',
] as const;
export type Token = (typeof tokens)[number];
export type Palette = Readonly<Record<Token, string>>;

/** Steps of a ramp. */
const steps = 24;

/** A colour for a share from 0 to 1, from one colour to another. */
export type Ramp = (share: number) => string;

/** Ramps that were made: pages have few colours and draw them many times a second. */
const made = new Map<string, Ramp>();

export function ramp(from: string, to: string): Ramp {
  const key = `${from} ${to}`;
  const known = made.get(key) ?? newRamp(from, to);
  made.set(key, known);
  return known;
}

function newRamp(from: string, to: string): Ramp {
  const [a, b] = [channels(from), channels(to)];
  const colours = Array.from({ length: steps + 1 }, (_, i) => `rgb(${a.map((value, c) => Math.round(value + (((b[c] ?? 0) - value) * i) / steps)).join(' ')})`);
  return (share) => colours[Math.round(Math.min(1, Math.max(0, share)) * steps)] ?? from;
}

/** A colour at a part of its strength over another. */
export function mixed(from: string, to: string, share: number): string {
  return ramp(from, to)(share);
}

/** Of `#rrggbb`, or of the `#rgb` that builds make of it. */
function channels(colour: string): readonly number[] {
  const hex = colour.length === 4 ? colour.replaceAll(/[^#]/g, '$&$&') : colour;
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
}
