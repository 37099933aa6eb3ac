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

/** An aligned table. The best cell of a row carries a star, so that it shows without colour. */
export function textTable({ caption, columns, rows }: Extract<Block, { kind: 'table' }>, width: number, paint: Ink): readonly string[] {
  const gap = 2;
  const natural = columns.map(({ title }, index) => Math.max(length(title), ...rows.map((cells) => length(cellText(cells[index] ?? { text: '' })))));
  const widths = shrink(natural, gap, width - 2);
  const starred = rows.some((cells) => cells.some(({ best }) => best));
  const header = columns.map(({ title, align }, index) => fit(title, widths[index] ?? 0, align)).join('  ');
  return [
    ...wrap(starred ? `${caption}; * marks the best` : caption, width).map((line) => paint('bold', line)),
    ...(columns.some(({ title }) => title !== '') ? [paint('dim', `  ${header}`.trimEnd())] : []),
    ...rows.map((cells) =>
      `  ${columns
        .map(({ align }, index) => {
          const cell = cells[index] ?? { text: '' };
          const text = fit(cellText(cell), widths[index] ?? 0, align);
          return cell.best === true ? paint('green', text) : text;
        })
        .join('  ')}`.trimEnd(),
    ),
  ];
}
