import { formatTime } from '../../src/base/quantity.ts';
import type { Block, Section } from '../../src/report/block.ts';
import { errorBands, type JudgedRow, shapeText, timeBands, worstRows } from './judge.ts';

export const percent = (value: number): string => (Number.isNaN(value) ? '–' : `${(100 * value).toFixed(1)} %`);
const signed = (value: number): string => `${value > 0 ? '+' : ''}${percent(value)}`;
export const rowsText = (count: number): string => `${count.toLocaleString('en-US')} ${count === 1 ? 'row' : 'rows'}`;

const WORST = 8;

/** How predictions lie about the measurements of one cell: in bands of error, over the time of a launch, and the worst shapes. */
function residualBlocks(rows: readonly JudgedRow[]): readonly Block[] {
  const bands = errorBands(rows);
  const most = Math.max(...bands.map(({ share }) => share));
  const cells = (...texts: readonly string[]): { readonly text: string }[] => texts.map((text) => ({ text }));
  return [
    {
      kind: 'bars',
      caption: 'Predicted over measured: rows in each band of error',
      rows: bands.map(({ label, rows: count, share }) => ({
        label,
        share: most > 0 ? share / most : 0,
        value: percent(share),
        detail: rowsText(count),
        tone: 'plain',
      })),
    },
    {
      kind: 'table',
      caption: 'Over the measured time',
      columns: [
        { title: 'time', align: 'left' },
        { title: 'rows', align: 'right' },
        { title: 'median', align: 'right' },
        { title: 'p90', align: 'right' },
        { title: 'bias', align: 'right' },
      ],
      rows: timeBands(rows).map(({ from, to, score, bias }) =>
        cells(`${formatTime(from)} to ${formatTime(to)}`, score.rows.toLocaleString('en-US'), percent(score.median), percent(score.p90), signed(bias)),
      ),
    },
    {
      kind: 'table',
      caption: 'Worst shapes',
      columns: [
        { title: 'shape', align: 'left' },
        { title: 'measured', align: 'right' },
        { title: 'predicted', align: 'right' },
        { title: 'error', align: 'right' },
      ],
      rows: worstRows(rows, WORST).map(({ shape, measured, predicted, error }) =>
        cells(shapeText(shape), formatTime(measured), formatTime(predicted), signed(error)),
      ),
    },
  ];
}

export function section(title: string, lines: readonly string[], tone: 'plain' | 'good' | 'warn', rows: readonly JudgedRow[]): Section {
  return { title, blocks: [{ kind: 'sentences', tone, lines }, ...residualBlocks(rows)] };
}
