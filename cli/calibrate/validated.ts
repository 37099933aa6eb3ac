import type { OperatorTable, TableCell } from '../../schema/tables/read-table.ts';
import type { Doubt } from '../../src/base/doubt.ts';
import type { Chip } from '../../src/catalogue/chip.ts';
import type { Cell, Score } from '../../src/cost/calibration/cell.ts';
import { sift } from '../../src/cost/calibration/exclude.ts';
import { findCell } from '../../src/cost/calibration/find.ts';
import { predictor } from '../../src/cost/calibration/predict.ts';
import { markOf } from '../../src/cost/calibration/sample.ts';
import type { Report } from '../../src/report/block.ts';
import { type JudgedRow, judged, scoreOfRows, worstRows } from './judge.ts';
import { mergedCells, ratesFor } from './refit.ts';
import { percent, rowsText, section } from './report.ts';

/** The rows of a table that one cell prices. */
export interface ValidatedCell {
  readonly class: string;
  readonly format: string;
  readonly cell: Cell;
  readonly doubt: Doubt | undefined;
  /** Rows of tables that the cell was fitted on: their error is not that of shapes that it has not seen. */
  readonly inSample: number;
  /** Rows that count, and those that are reported apart. */
  readonly rows: readonly JudgedRow[];
  readonly apart: readonly JudgedRow[];
  readonly left: ReadonlyMap<string, number>;
}

export interface Validation {
  readonly chip: Chip;
  readonly stack: string;
  readonly cells: readonly ValidatedCell[];
  /** Classes and formats of the table that nothing shipped can price. */
  readonly unpriced: readonly { readonly class: string; readonly format: string; readonly rows: number }[];
}

/** Scores tables against calibrated cells. */
export function validation(tables: readonly OperatorTable[], cells: readonly Cell[], chip: Chip, stack: string): Validation {
  const scored: ValidatedCell[] = [];
  const unpriced: { readonly class: string; readonly format: string; readonly rows: number }[] = [];
  for (const table of mergedCells(tables)) {
    if (table.rows.length === 0) continue;
    const found = findCell(cells, { chip, stack, class: table.family.class, format: table.format });
    if (found === undefined) unpriced.push({ class: table.family.class, format: table.format, rows: table.rows.length });
    else scored.push(scoredCell(table, found.cell, found.doubt, chip, inSampleRows(tables, table, found.cell)));
  }
  return { chip, stack, cells: scored, unpriced };
}

/** Rows of the tables that are among those of the fit. */
function inSampleRows(tables: readonly OperatorTable[], { family, format }: TableCell, { tables: fitted = [] }: Cell): number {
  const own = tables.flatMap(({ cells }) => cells.filter((cell) => cell.family.class === family.class && cell.format === format && cell.rows.length > 0));
  return own.filter(({ rows }) => fitted.includes(markOf(rows))).reduce((sum, { rows }) => sum + rows.length, 0);
}

function scoredCell({ family, format, rows, left: before }: TableCell, cell: Cell, doubt: Doubt | undefined, chip: Chip, inSample: number): ValidatedCell {
  const die = ratesFor(chip, format);
  const { kept, left: sifted } = sift(family, rows, die);
  const left = new Map(before);
  for (const [reason, count] of sifted) left.set(reason, (left.get(reason) ?? 0) + count);
  const counts = (shape: unknown): boolean => family.gated?.(shape) ?? true;
  const all = judged(kept, predictor(family, cell, die));
  return {
    class: family.class,
    format,
    cell,
    doubt,
    inSample,
    rows: all.filter(({ shape }) => counts(shape)),
    apart: all.filter(({ shape }) => !counts(shape)),
    left,
  };
}

/** All rows that count; where none does, those that are reported. */
function countedRows({ cells }: Validation): readonly JudgedRow[] {
  const counted = cells.flatMap(({ rows }) => rows);
  return counted.length > 0 ? counted : cells.flatMap(({ apart }) => apart);
}

const scoreText = ({ median, p90, p99 }: Score): string => `median ${percent(median)}, p90 ${percent(p90)}, p99 ${percent(p99)}`;

/** The error that a cell shipped with, of rows whose groups its fit had not seen; of those that are reported where none is gated. */
function heldOutText({ heldOut, reported }: Cell): string {
  if (heldOut.rows > 0) return `held out ${scoreText(heldOut)}`;
  return reported === undefined ? 'nothing could be held out' : `held out ${scoreText(reported)}`;
}

export function validationReport(tables: readonly OperatorTable[], result: Validation, command: string): Report {
  const { chip, stack, cells, unpriced } = result;
  const rows = countedRows(result);
  const total = scoreOfRows(rows);
  return {
    title: `Operators of ${chip.title} under ${stack}: predicted against measured`,
    subtitle: tables.map(({ file }) => file).join(', '),
    verdict: [
      `${rowsText(rows.length)}: median error ${percent(total.median)}, p90 ${percent(total.p90)}. Errors are |predicted / measured - 1|.`,
      ...(cells.some(({ inSample }) => inSample > 0)
        ? ['Cells were fitted on these very rows: their error is in-sample, and says nothing of other shapes. The held-out error stands beside it.']
        : []),
      ...unpriced.map(
        ({ class: name, format, rows: count }) =>
          `${rowsText(count)} of ${name} in ${format} were not scored: no calibrated cell of this generation prices them.`,
      ),
    ],
    facts: [],
    headlines: cells.map((cell) => {
      const score = scoreOfRows(cell.rows.length > 0 ? cell.rows : cell.apart);
      return {
        label: `${cell.class} in ${cell.format}`,
        value: percent(score.median),
        note: `${cell.inSample > 0 ? 'in-sample, ' : ''}p90 ${percent(score.p90)}, ${rowsText(score.rows)}${cell.inSample > 0 ? `; ${heldOutText(cell.cell)}` : ''}`,
        tone: cell.inSample > 0 ? 'warn' : 'plain',
      };
    }),
    sections: cells.map((cell) => {
      const left = [...cell.left].map(([reason, count]) => `${count} ${reason}`).join('; ');
      return section(
        `${cell.class} in ${cell.format}`,
        [
          `${rowsText(cell.rows.length)} that count; left out: ${left === '' ? 'none' : left}. ${scoreText(scoreOfRows(cell.rows))}.`,
          ...(cell.apart.length === 0 ? [] : [`Reported apart, as they repeat badly: ${rowsText(cell.apart.length)}, ${scoreText(scoreOfRows(cell.apart))}.`]),
          `Priced by ${cell.cell.chip}, ${cell.cell.stack}, ${cell.cell.class} in ${cell.cell.format} (${cell.cell.source}).`,
          ...(cell.inSample === 0
            ? []
            : [
                `In-sample: ${rowsText(cell.inSample)} are of a table that this cell was fitted on. Where its fit had not seen the group (docs/trust.md): ${heldOutText(cell.cell)}.`,
              ]),
          ...(cell.doubt === undefined ? [] : [`Doubt: ${cell.doubt.message}.`]),
        ],
        cell.doubt === undefined ? 'plain' : 'warn',
        cell.rows.length > 0 ? cell.rows : cell.apart,
      );
    }),
    reproduce: [command],
  };
}

/** What `validate --operators --json` prints. */
export function validationAsJson(tables: readonly OperatorTable[], result: Validation): string {
  const rows = countedRows(result);
  return JSON.stringify(
    {
      schema: 'supernode/validate/1',
      files: tables.map(({ file }) => file),
      chip: result.chip.name,
      stack: result.stack,
      ...scoreOfRows(rows),
      excluded: result.cells.reduce((sum, { left }) => sum + [...left.values()].reduce((a, b) => a + b, 0), 0),
      unpriced: result.unpriced,
      cells: result.cells.map((cell) => ({
        class: cell.class,
        format: cell.format,
        pricedBy: { chip: cell.cell.chip, stack: cell.cell.stack, format: cell.cell.format, source: cell.cell.source },
        doubt: cell.doubt?.message,
        inSample: cell.inSample,
        heldOut: cell.cell.heldOut,
        ...scoreOfRows(cell.rows),
        reported: cell.apart.length === 0 ? undefined : scoreOfRows(cell.apart),
        excluded: Object.fromEntries(cell.left),
        worst: worstRows(cell.rows.length > 0 ? cell.rows : cell.apart, 10),
      })),
      worst: worstRows(rows, 20),
    },
    null,
    2,
  );
}
