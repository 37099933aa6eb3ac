export type Align = 'left' | 'right';

/** Columns on a terminal: what a reader sees, combining marks not counted. */
function width(cell: string): number {
  let columns = 0;
  for (const mark of cell) if (!/\p{M}/u.test(mark)) columns++;
  return columns;
}

/**
 * Text in aligned columns with a rule under the headers. A column is left-aligned unless `align` says otherwise; headers that are all
 * empty are left out.
 *
 * `table(['name', 'GB'], [['a', '64']], { align: ['left', 'right'] })`
 */
export function table(
  headers: readonly string[],
  rows: readonly (readonly string[])[],
  options: { readonly align?: readonly Align[]; readonly indent?: number } = {},
): string {
  const widths = headers.map((header, i) => Math.max(width(header), ...rows.map((row) => width(row[i] ?? ''))));
  const margin = ' '.repeat(options.indent ?? 0);
  const line = (cells: readonly string[]): string => {
    const padded = widths.map((target, i) => {
      const cell = cells[i] ?? '';
      const space = ' '.repeat(target - width(cell));
      return options.align?.[i] === 'right' ? space + cell : cell + space;
    });
    return (margin + padded.join('  ')).trimEnd();
  };
  const head = headers.every((header) => header === '') ? [] : [line(headers), line(widths.map((target) => '─'.repeat(target)))];
  return [...head, ...rows.map(line)].join('\n');
}
