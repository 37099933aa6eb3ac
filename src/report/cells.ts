import type { Bar, Cell, Column, Tone } from './block.ts';

/** Columns of a table: the first `left` ones are words, the others figures. */
export function columns(titles: readonly string[], left = 1): readonly Column[] {
  return titles.map((title, index) => ({ title, align: index < left ? 'left' : 'right' }));
}

export function row(...texts: readonly string[]): readonly Cell[] {
  return texts.map((text) => ({ text }));
}

export function bar(label: string, share: number, value: string, detail = '', tone: Tone = 'plain'): Bar {
  return { label, share: Number.isFinite(share) ? Math.min(1, Math.max(0, share)) : 0, value, detail, tone };
}
