import { bound } from './wording.ts';

const codes = { bold: 1, dim: 2, green: 32, yellow: 33, cyan: 36 } as const;

/** How a run of text is set. Without colour, text is returned as it is. */
export type Ink = (style: keyof typeof codes, text: string) => string;

export function ink(colour: boolean): Ink {
  return (style, text) => (colour && text !== '' ? `\u001b[${codes[style]}m${text}\u001b[0m` : text);
}

/** Text in so many columns; what is too long ends in an ellipsis. */
export function fit(text: string, width: number, align: 'left' | 'right' = 'left'): string {
  const characters = Array.from(text);
  if (characters.length > width) return width < 1 ? '' : `${characters.slice(0, width - 1).join('')}…`;
  return align === 'left' ? text + ' '.repeat(width - characters.length) : ' '.repeat(width - characters.length) + text;
}

/** Text in at most so many columns. */
export function clip(text: string, width: number): string {
  return fit(text, Math.min(width, length(text)));
}

export function length(text: string): number {
  return Array.from(text).length;
}

/** Lines of at most `width` columns, broken at spaces but not before a unit, and inside a word only where it alone is too long. */
export function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of bound(text)
    .split(/[ \t\n]+/)
    .filter((part) => part !== '')) {
    let rest = word;
    if (line !== '' && length(line) + 1 + length(rest) > width) {
      lines.push(line);
      line = '';
    }
    while (length(rest) > width) {
      lines.push(Array.from(rest).slice(0, width).join(''));
      rest = Array.from(rest).slice(width).join('');
    }
    line = line === '' ? rest : `${line} ${rest}`;
  }
  if (line !== '' || lines.length === 0) lines.push(line);
  return lines.map((done) => done.replaceAll('\u00a0', ' '));
}

const eighths = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'] as const;

/** A bar of exactly `width` columns, to an eighth of a column. Anything above nothing shows. */
export function gauge(share: number, width: number): string {
  const units = share > 0 ? Math.max(1, Math.round(share * width * 8)) : 0;
  const full = Math.floor(units / 8);
  const drawn = '█'.repeat(full) + (eighths[units % 8] ?? '');
  return drawn + '·'.repeat(width - length(drawn));
}

const levels = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'] as const;

/** Values as columns that start at zero, as many as `width`, each the mean of what it covers. Gaps stay gaps. */
export function sparkline(values: readonly number[], width: number): string {
  const top = Math.max(0, ...values.filter((value) => Number.isFinite(value)));
  return Array.from({ length: width }, (_, column) => {
    const from = Math.floor((column * values.length) / width);
    const to = Math.max(from + 1, Math.floor(((column + 1) * values.length) / width));
    const covered = values.slice(from, to).filter((value) => Number.isFinite(value));
    if (covered.length === 0) return ' ';
    const mean = covered.reduce((sum, value) => sum + value, 0) / covered.length;
    const level = top > 0 ? Math.min(levels.length - 1, Math.max(0, Math.floor((mean / top) * levels.length))) : 0;
    return levels[level] ?? ' ';
  }).join('');
}
