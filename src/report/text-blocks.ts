import type { Block, Line } from './block.ts';
import { textTable } from './text-table.ts';
import { clip, fit, gauge, type Ink, length, sparkline, wrap } from './terminal.ts';
import { plain, quantity } from './wording.ts';

const inks = { plain: 'cyan', good: 'green', warn: 'yellow' } as const;

/** The widest of these texts, but at most `limit` columns. */
export function columnWidth(texts: readonly string[], limit: number): number {
  return Math.min(limit, Math.max(0, ...texts.map(length)));
}

function bars({ caption, rows }: Extract<Block, { kind: 'bars' }>, width: number, paint: Ink): readonly string[] {
  const label = columnWidth(
    rows.map((row) => row.label),
    36,
  );
  const value = columnWidth(
    rows.map((row) => row.value),
    18,
  );
  const gaugeWidth = Math.min(
    32,
    Math.max(
      12,
      width -
        label -
        value -
        8 -
        columnWidth(
          rows.map((row) => row.detail),
          width,
        ),
    ),
  );
  const detail = Math.max(0, width - label - value - gaugeWidth - 8);
  return [
    ...wrap(caption, width).map((line) => paint('bold', line)),
    ...rows.map((row) => {
      const drawn = row.share === 0 && row.label === 'together' ? ' '.repeat(gaugeWidth) : paint(inks[row.tone], gauge(row.share, gaugeWidth));
      return `  ${fit(row.label, label)}  ${drawn}  ${fit(row.value, value, 'right')}  ${paint('dim', clip(row.detail, detail))}`.trimEnd();
    }),
  ];
}

const fills = ['█', '▓', '▒', '░', '▚', '▞', '▤', '▥', '◆', '·'] as const;

function stack({ caption, parts }: Extract<Block, { kind: 'stack' }>, width: number, paint: Ink): readonly string[] {
  const bar = Math.min(72, width - 4);
  let filled = 0;
  let drawn = '';
  const fillOf = (index: number): string => (parts[index]?.spare === true ? '·' : (fills[index % (fills.length - 1)] ?? '█'));
  parts.forEach(({ share }, index) => {
    filled += share;
    drawn += fillOf(index).repeat(Math.max(0, Math.min(bar, Math.round(filled * bar)) - length(drawn)));
  });
  const label = columnWidth(
    parts.map(({ name }) => name),
    28,
  );
  const value = columnWidth(
    parts.map((part) => part.value),
    12,
  );
  return [
    ...wrap(caption, width).map((line) => paint('bold', line)),
    `  ${paint('cyan', drawn)}`,
    ...parts.map((part, index) => `  ${fillOf(index)} ${fit(part.name, label)}  ${fit(part.value, value, 'right')}  ${fit(part.percentage, 8, 'right')}`),
  ];
}

/** The column of a moment on lines of `width` columns that go from `first` to `last`. */
function columnAt(at: number, first: number, last: number, width: number): number {
  return Math.min(width - 1, Math.max(0, Math.round(((at - first) / Math.max(1e-12, last - first)) * (width - 1))));
}

/** The steady window as a ruler below the lines. */
function ruler(window: { readonly from: number; readonly to: number }, first: number, last: number, width: number): string {
  const from = columnAt(window.from, first, last, width);
  const to = Math.max(from + 1, columnAt(window.to, first, last, width));
  return fit(`${' '.repeat(from)}├${'─'.repeat(Math.max(0, to - from - 1))}┤`, width);
}

/** The sum of parts that are drawn on top of one another. */
function whole(name: string, parts: readonly Line[]): Line {
  return { name, points: (parts[0]?.points ?? []).map(({ x }, i) => ({ x, y: parts.reduce((sum, { points }) => sum + (points[i]?.y ?? 0), 0) })) };
}

function timeline({ charts, window, events = [] }: Extract<Block, { kind: 'timeline' }>, width: number, paint: Ink): readonly string[] {
  const lines = charts.flatMap(({ axis, unit, lines: drawn, stacked }) =>
    [...(stacked === true && drawn.length > 1 ? [whole(axis, drawn)] : []), ...drawn].map((line) => ({ unit, line })),
  );
  const label = columnWidth([...lines.map(({ line }) => line.name), 'steady window'], 20);
  const spark = Math.min(64, Math.max(16, width - label - 38));
  const words = (value: number, unit: string): string => (unit === 's' || unit === 'W' ? quantity(value, unit) : plain(value, unit));
  const rows = lines.map(({ unit, line }) => {
    const values = line.points.map(({ y }) => y);
    const finite = values.filter((value) => Number.isFinite(value));
    const top = finite.length === 0 ? NaN : Math.max(...finite);
    return `  ${fit(line.name, label)}  ${paint('cyan', sparkline(values, spark))}  ${paint('dim', clip(finite.length === 0 ? 'no figure' : `up to ${words(top, unit)}`, width - label - spark - 6))}`;
  });
  const points = lines[0]?.line.points ?? [];
  if (window !== undefined && points.length > 1) {
    const axis = ruler(window, points[0]?.x ?? 0, points.at(-1)?.x ?? 0, spark);
    rows.push(
      `  ${fit('steady window', label)}  ${paint('dim', axis)}  ${paint('dim', clip(`${quantity(window.from, 's')} to ${quantity(window.to, 's')}`, width - label - spark - 6))}`,
    );
  }
  if (events.length > 0 && points.length > 1) {
    const [first, last] = [points[0]?.x ?? 0, points.at(-1)?.x ?? 0];
    const marks = Array.from({ length: spark }, () => ' ');
    for (const { from, to } of events) {
      const [a, b] = [columnAt(from, first, last, spark), columnAt(to, first, last, spark)];
      for (let i = a; i <= b; i++) if (marks[i] === ' ') marks[i] = '─';
      marks[a] = '▲';
    }
    const told = events.length === 1 ? (events[0]?.label ?? '') : `${events.length} faults`;
    rows.push(`  ${fit('faults', label)}  ${paint('dim', marks.join(''))}  ${paint('dim', clip(told, width - label - spark - 6))}`);
  }
  return [paint('bold', 'Over time, each line from zero to its highest'), ...rows];
}

/** One block as lines of at most `width` columns. A chart that only repeats the table beside it takes no lines. */
export function blockLines(block: Block, width: number, paint: Ink): readonly string[] {
  switch (block.kind) {
    case 'sentences':
      return block.lines.flatMap((text) =>
        wrap(text, width - 2).map((line, index) => `${index === 0 && block.tone === 'warn' ? paint('yellow', '! ') : '  '}${line}`),
      );
    case 'table':
      return textTable(block, width, paint);
    case 'bars':
      return bars(block, width, paint);
    case 'stack':
      return stack(block, width, paint);
    case 'timeline':
      return timeline(block, width, paint);
    case 'quantiles':
    case 'scatter':
      return [];
  }
}
