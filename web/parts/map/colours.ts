import { computed, type ReadonlySignal } from '@preact/signals';
import { dark } from '../../state/preferences.ts';

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

/** What the tokens stand for now: canvases and charts follow it. */
export const colours: ReadonlySignal<Palette> = computed(() => {
  void dark.value;
  return palette();
});

function palette(): Palette {
  const style = getComputedStyle(document.documentElement);
  return Object.fromEntries(tokens.map((name) => [name, style.getPropertyValue(`--${name}`).trim()])) as Palette;
}

/** Steps of a ramp. */
const steps = 24;

/** A colour for a share from 0 to 1, from one colour to another. */
export type Ramp = (share: number) => string;

export function ramp(from: string, to: string): Ramp {
  const [a, b] = [channels(from), channels(to)];
  const colours = Array.from({ length: steps + 1 }, (_, i) => `rgb(${a.map((value, c) => Math.round(value + (((b[c] ?? 0) - value) * i) / steps)).join(' ')})`);
  return (share) => colours[Math.round(Math.min(1, Math.max(0, share)) * steps)] ?? from;
}

/** A colour at a part of its strength over another. */
export function mixed(from: string, to: string, share: number): string {
  return ramp(from, to)(share);
}

function channels(hex: string): readonly number[] {
  return [1, 3, 5].map((at) => Number.parseInt(hex.slice(at, at + 2), 16));
}
