import { layouts } from '../../schema/tables/index.ts';
import type { Cell, Score } from '../../src/cost/calibration/cell.ts';
import { atBounds } from '../../src/cost/calibration/bounds.ts';
import { familyOf } from '../../src/cost/calibration/families/index.ts';
import { gates, missedGates } from '../../src/cost/calibration/score.ts';

const percent = (value: number): string => (Number.isNaN(value) ? '–' : `${(100 * value).toFixed(1)} %`);
const errors = ({ median, p90, p99 }: Score): string => `${percent(median)} / ${percent(p90)} / ${percent(p99)}`;
const count = (value: number): string => value.toLocaleString('en');

/** `docs/trust-operators.md`: every calibrated cell with its error. */
export function trustPage(cells: readonly Cell[]): string {
  const sorted = [...cells].sort((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1));
  const gated = sorted.filter(({ heldOut }) => heldOut.rows >= gates.rows);
  const missed = gated.filter((cell) => missedGates(cell).length > 0);
  const rows = sorted.reduce((sum, { fit, reported }) => sum + fit.rows + (reported?.rows ?? 0), 0);
  return `# What the figures stand on

Every calibrated cell: an operator class in one format on one chip under one software stack. This page is written by
\`npx node bench/fit-calibration.ts\`, which fits the cells to measured operator times and writes \`data/calibration/\`.

${count(sorted.length)} cells stand on ${count(rows)} measured launches. ${count(gated.length)} of them have at least ${gates.rows} rows and are gated; ${count(gated.length - missed.length)} meet every gate.

- Errors are |predicted / measured - 1|: median / p90 / p99.
- *Fit* is the error on the rows that were fitted. *Held out* is the error on folds whose whole groups (products of one N and K, attention
  of one set of heads) the fit had not seen, up to twelve groups one by one, more of them by fifths; this is what a shape that nobody measured can expect.
- The gates hold for the held-out error: median at most ${percent(gates.median)}, p90 at most ${percent(gates.p90)}, p99 at most ${percent(gates.p99)}, and at most ${percent(gates.excluded)} of the rows
  left out by the rule of [calibrate](guide/calibrate.md#which-rows-are-left-out).
- *Scatter* is how far the rows themselves lie from the nearest curve along which more work takes no less time (median / p90): along the
  rows of a product, the length of a context, the tokens of a batch; repeats are points of it. It has seen every row and is free at each: no
  model with that law lies nearer. Disturbed timings show up here, and kernels that truly are quicker for more work.
- *Reported* is the held-out error of rows that repeat too badly to be gated: expert products under 32 tokens.

## Cells

| chip | stack | class | format | rows | left out | fit | held out | scatter | gate |
|---|---|---|---|--:|--:|---|---|---|---|
${sorted.map(rowOf).join('\n')}

## Reported, not gated

| chip | stack | class | format | rows | held out |
|---|---|---|---|--:|---|
${sorted.flatMap((cell) => (cell.reported === undefined ? [] : [`| ${keyCells(cell)} | ${count(cell.reported.rows)} | ${errors(cell.reported)} |`])).join('\n')}

## Constants at a bound

Bounds keep constants physical. One that sits at its least or most is a term that a kernel does not have, or one that stands in for something
that the formula lacks. Cells of each class at either end; \`supernode calibrate\` names those of a cell.

| class | constant | bounds | at the least | at the most | of cells |
|---|---|---|--:|--:|--:|
${boundRows(sorted).join('\n')}

## Tables that can be read

| class | layout | columns | what they hold |
|---|---|---|---|
${layouts.map(({ name, family, columns, summary }) => `| ${family.class} | ${name} | ${columns.map((column) => `\`${column}\``).join(', ')} | ${summary} |`).join('\n')}

## Sources

${[...new Set(sorted.map(({ source }) => source))].map((source) => `- ${source}`).join('\n')}
`;
}

function keyCells({ chip, stack, class: operatorClass, format }: Cell): string {
  return [chip, stack, operatorClass, format].join(' | ');
}

function nameOf({ chip, stack, class: operatorClass, format }: Cell): string {
  return [chip, stack, operatorClass, format].join('\u0000');
}

function rowOf(cell: Cell): string {
  const missed = missedGates(cell);
  const gate = cell.heldOut.rows < gates.rows ? `under ${gates.rows} rows` : missed.length === 0 ? 'met' : `missed: ${missed.join(', ')}`;
  return `| ${keyCells(cell)} | ${count(cell.fit.rows)} | ${count(cell.excluded)} | ${errors(cell.fit)} | ${errors(cell.heldOut)} | ${scatterOf(cell)} | ${gate} |`;
}

function scatterOf({ scatter }: Cell): string {
  return scatter === undefined || scatter.rows === 0 ? '–' : `${percent(scatter.median)} / ${percent(scatter.p90)}`;
}

/** How many cells of each class have each constant at a bound; none for constants that no cell has there. */
function boundRows(cells: readonly Cell[]): readonly string[] {
  return [...new Set(cells.map((cell) => cell.class))].flatMap((name) => {
    const own = cells.filter((cell) => cell.class === name);
    const parameters = familyOf(name)?.parameters ?? [];
    const found = own.flatMap((cell) => atBounds(parameters, cell.parameters));
    return parameters.flatMap(({ name: constant, unit, min, max }) => {
      const ends = (['least', 'most'] as const).map((end) => found.filter((one) => one.parameter.name === constant && one.end === end).length);
      if (ends.every((count) => count === 0)) return [];
      return [`| ${name} | ${constant} | ${min} to ${max} ${unit} | ${ends.join(' | ')} | ${own.length} |`];
    });
  });
}
