import type { Block, Cell } from './block.ts';
import { fit, type Ink, length, wrap } from './terminal.ts';

function cellText({ text, note, best }: Cell): string {
  return `${best === true ? '* ' : ''}${text}${note === undefined ? '' : ` (${note})`}`;
}

/** Column widths that together take at most `width`: the widest column gives way first. */
function shrink(widths: readonly number[], gap: number, width: number): readonly number[] {
  const shrunk = [...widths];
  const total = (): number => shrunk.reduce((sum, w) => sum + w, 0) + gap * (shrunk.length - 1);
  while (total() > width) {
    const widest = Math.max(...shrunk);
    if (widest <= 4) break;
    shrunk[shrunk.indexOf(widest)] = widest - 1;
  }
  return shrunk;
}

/** What goes on the lines of one cell: nothing is cut, and an indent stays in front of every line. */
function linesOf(text: string, width: number): readonly string[] {
  if (length(text) <= width) return [text];
  const indent = /^ */.exec(text)?.[0] ?? '';
  return wrap(text, Math.max(1, width - length(indent))).map((line) => indent + line);
}

/** An aligned table. What is too long for its column goes on below. The best cell of a row carries a star, so that it shows without colour. */
export function textTable({ caption, columns, rows }: Extract<Block, { kind: 'table' }>, width: number, paint: Ink): readonly string[] {
  const gap = 2;
  const natural = columns.map(({ title }, index) => Math.max(length(title), ...rows.map((cells) => length(cellText(cells[index] ?? { text: '' })))));
  const widths = shrink(natural, gap, width - 2);
  const starred = rows.some((cells) => cells.some(({ best }) => best));
  const rowLines = (texts: readonly string[], painted: (text: string, index: number) => string): readonly string[] => {
    const cells = texts.map((text, index) => linesOf(text, widths[index] ?? 0));
    return Array.from({ length: Math.max(...cells.map((lines) => lines.length)) }, (_, line) =>
      `  ${columns.map(({ align }, index) => painted(fit(cells[index]?.[line] ?? '', widths[index] ?? 0, align), index)).join('  ')}`.trimEnd(),
    );
  };
  const titles = columns.map(({ title }) => title);
  return [
    ...wrap(starred ? `${caption}; * marks the best` : caption, width).map((line) => paint('bold', line)),
    ...(titles.some((title) => title !== '') ? rowLines(titles, (text) => text).map((line) => paint('dim', line)) : []),
    ...rows.flatMap((cells) =>
      rowLines(
        columns.map((_, index) => cellText(cells[index] ?? { text: '' })),
        (text, index) => (cells[index]?.best === true && text.trim() !== '' ? paint('green', text) : text),
      ),
    ),
  ];
}
