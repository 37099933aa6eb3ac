import type { OperatorTable } from '../../schema/tables/read-table.ts';
import type { Chip } from '../../src/catalogue/chip.ts';
import type { Score } from '../../src/cost/calibration/cell.ts';
import { atBounds, type AtBound } from '../../src/cost/calibration/bounds.ts';
import { predictor } from '../../src/cost/calibration/predict.ts';
import { gates, missedGates } from '../../src/cost/calibration/score.ts';
import type { Report } from '../../src/report/block.ts';
import { constantText } from './constant.ts';
import { type JudgedRow, judged, worstRows } from './judge.ts';
import type { RefitCell } from './refit.ts';
import { percent, rowsText, section } from './report.ts';
import { reasonsText, type Unfitted, unfittedText } from './unfitted.ts';

interface Fitted {
  readonly chip: Chip;
  readonly stack: string;
  readonly cells: readonly RefitCell[];
  /** What else is in the tables, and has no row to fit. */
  readonly unfitted: readonly Unfitted[];
}

const scoreText = ({ median, p90, p99 }: Score): string => `median ${percent(median)}, p90 ${percent(p90)}, p99 ${percent(p99)}`;

function rowsOf({ family, cell, die, kept }: RefitCell): readonly JudgedRow[] {
  return judged(kept, predictor(family, cell, die));
}

/** Whether a cell keeps the gates, in words. */
function gateText(cell: RefitCell['cell']): string {
  if (cell.heldOut.rows === 0) return 'all rows are of one group: nothing can be held out, so that the error on other shapes is unknown';
  if (cell.heldOut.rows < gates.rows) return `under ${gates.rows} rows: not gated`;
  const missed = missedGates(cell);
  return missed.length === 0 ? 'meets every gate' : `misses: ${missed.join(', ')}`;
}

/** What `calibrate` found, for the terminal and the page. */
export function calibrationReport(tables: readonly OperatorTable[], { chip, stack, cells, unfitted, command }: Fitted & { readonly command: string }): Report {
  const lines = tables.reduce((sum, table) => sum + table.lines, 0);
  return {
    title: `Calibration of ${chip.title} under ${stack}`,
    subtitle: `${rowsText(lines)} of ${tables.map(({ file }) => file).join(', ')}`,
    verdict: [
      `${cells.length === 1 ? 'One cell was' : `${cells.length} cells were`} fitted. Errors are |predicted / measured - 1|; held out is the error on whole groups of shapes that the fit had not seen.`,
      ...(unfitted.length === 0 ? [] : [`Not fitted, for no row of them is left: ${unfittedText(unfitted)}.`]),
    ],
    facts: [{ label: 'layouts', lines: [...new Set(tables.flatMap(({ layouts }) => layouts))] }],
    headlines: cells.map(({ cell }) => ({
      label: `${cell.class} in ${cell.format}`,
      value: percent(cell.heldOut.median),
      note: `held out, p90 ${percent(cell.heldOut.p90)}, ${rowsText(cell.fit.rows)}: ${gateText(cell)}`,
      tone: missedGates(cell).length > 0 ? 'warn' : 'plain',
    })),
    sections: cells.map((fitted) => {
      const { cell, family, left } = fitted;
      const reasons = reasonsText(left);
      const bounded = atBounds(family.parameters, cell.parameters);
      const constants = family.parameters.map(({ name, unit }) => `${name} ${constantText(cell.parameters[name] ?? 0, unit)}`).join(', ');
      return section(
        `${cell.class} in ${cell.format}`,
        [
          `${rowsText(cell.fit.rows)}; left out: ${reasons === '' ? 'none' : reasons}.`,
          `Fit: ${scoreText(cell.fit)}. Held out: ${scoreText(cell.heldOut)}; ${gateText(cell)}.`,
          ...(cell.reported === undefined ? [] : [`Reported, not gated: ${rowsText(cell.reported.rows)}, held out ${scoreText(cell.reported)}.`]),
          ...(cell.scatter === undefined || cell.scatter.rows === 0
            ? []
            : [
                `Scatter of the rows themselves, below which no model comes in which more work takes no less time: median ${percent(cell.scatter.median)}, p90 ${percent(cell.scatter.p90)}.`,
              ]),
          `Constants: ${constants}; ${cell.residual?.tables.length ?? 0} tables of residual.`,
          ...(bounded.length === 0 ? [] : [`At a bound, so that the term is off or stands in for one that is missing: ${bounded.map(boundText).join(', ')}.`]),
        ],
        missedGates(cell).length > 0 ? 'warn' : 'plain',
        rowsOf(fitted),
      );
    }),
    reproduce: [command],
  };
}

function boundText({ parameter: { name, unit, min, max }, end }: AtBound): string {
  return `${name} (${end}, ${constantText(end === 'least' ? min : max, unit)})`;
}

/** What `calibrate --json` prints. */
export function calibrationAsJson(tables: readonly OperatorTable[], { chip, stack, cells, unfitted }: Fitted): string {
  return JSON.stringify(
    {
      schema: 'supernode/calibrate/1',
      files: tables.map(({ file }) => file),
      chip: chip.name,
      stack,
      cells: cells.map((fitted) => ({
        class: fitted.cell.class,
        format: fitted.cell.format,
        rows: fitted.cell.fit.rows,
        excluded: Object.fromEntries(fitted.left),
        fit: fitted.cell.fit,
        heldOut: fitted.cell.heldOut,
        reported: fitted.cell.reported,
        missed: missedGates(fitted.cell),
        parameters: fitted.cell.parameters,
        atBounds: atBounds(fitted.family.parameters, fitted.cell.parameters).map(({ parameter, end }) => ({ name: parameter.name, end })),
        scatter: fitted.cell.scatter,
        residualTables: fitted.cell.residual?.tables.length ?? 0,
        worst: worstRows(rowsOf(fitted), 20),
      })),
      unfitted: unfitted.map(({ class: name, format, left }) => ({ class: name, format, excluded: Object.fromEntries(left) })),
    },
    null,
    2,
  );
}
