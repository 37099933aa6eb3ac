import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { unitOf } from '../../src/ledger/answer.ts';
import { bases, caseKinds, type CaseKind } from '../../src/ledger/case.ts';
import { measureText } from '../../src/ledger/measure.ts';
import { machineOf } from '../../src/ledger/question.ts';
import { checksOf } from '../../src/ledger/bounds.ts';
import { beyondText, boundCells, boundColumns, errorText, familyCells, familyColumns, scoreCells, scoreColumns } from '../../src/ledger/report.ts';
import type { CaseResult } from '../../src/ledger/result.ts';
import { familiesOf, scoresOf } from '../../src/ledger/score.ts';
import { linkBounds } from './bounds.ts';

const page = fileURLToPath(new URL('../../docs/trust.md', import.meta.url));

export function writeTrust(results: readonly CaseResult[]): void {
  writeFileSync(page, ledgerPage(results));
}

/** Cases that a machine has to have of a kind before it is told as good or bad. */
const least = 3;
/** Median errors at or below which a machine is told as good, and above which as bad. */
const good = 0.05;
const bad = 0.1;

const row = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

function tableOf(columns: readonly string[], aligns: readonly string[], rows: readonly (readonly string[])[]): string {
  return [row(columns), `|${aligns.join('|')}|`, ...rows.map(row)].join('\n');
}

/** A table of two words and figures. */
function figureTable(columns: readonly string[], rows: readonly (readonly string[])[]): string {
  return tableOf(
    columns,
    columns.map((_, i) => (i < 2 ? '---' : '--:')),
    rows,
  );
}

interface Place {
  readonly kind: CaseKind;
  readonly machine: string;
  readonly cases: number;
  readonly median: number;
  readonly lean: number;
  readonly worst: CaseResult;
}

/** Predicted cases of each kind on each machine. */
function places(results: readonly CaseResult[]): readonly Place[] {
  const predicted = results.filter((result) => result.case.basis === 'predicted');
  return caseKinds.flatMap((kind) => {
    const own = predicted.filter((result) => result.case.kind === kind);
    const machines = [...new Set(own.map((result) => machineOf(result.case.question)))].sort((a, b) => (a < b ? -1 : 1));
    return machines.flatMap((machine): Place[] => {
      const there = own.filter((result) => machineOf(result.case.question) === machine);
      const [score] = scoresOf(there);
      const worst = there.reduce((most, result) => (Math.abs(result.error) > Math.abs(most.error) ? result : most));
      return score === undefined ? [] : [{ kind, machine, cases: score.cases, median: score.median, lean: score.lean, worst }];
    });
  });
}

function placeTable(found: readonly Place[]): string {
  if (found.length === 0) return 'None.';
  return tableOf(
    ['kind', 'machine', 'cases', 'median error', 'lean', 'worst'],
    ['---', '---', '--:', '--:', '--:', '---'],
    found.map(({ kind, machine, cases, median, lean, worst }) => [
      kind,
      machine,
      String(cases),
      percent(median),
      errorText(lean, ''),
      `${worst.case.id}, ${errorText(worst.error, unitOf(worst.case.question))}`,
    ]),
  );
}

/** Misses by the mechanism that their cases name, the one with most first. */
function reasons(results: readonly CaseResult[]): string {
  const misses = results.filter(({ withinTolerance }) => !withinTolerance);
  const by = Map.groupBy(misses, (result) => result.case.missing ?? 'Not explained yet.');
  const told = [...by].sort(([a, one], [b, other]) => other.length - one.length || (a < b ? -1 : 1));
  const line = (result: CaseResult): string => `\`${result.case.id}\` (${errorText(result.error, unitOf(result.case.question))})`;
  return told.map(([why, own]) => `- ${why} ${own.length === 1 ? 'One case' : `${own.length} cases`}: ${own.map(line).join(', ')}.`).join('\n');
}

function caseTable(results: readonly CaseResult[]): string {
  return tableOf(
    ['case', 'what', 'measured', 'predicted', 'error', 'tolerance', 'source'],
    ['---', '---', '--:', '--:', '--:', '--:', '---'],
    results.map(({ case: { id, title, measured, tolerance, source, question }, predicted, error, withinTolerance }) => {
      const unit = unitOf(question);
      const size = tolerance.size === 0 ? 'exact' : `${tolerance.size * 100}${tolerance.of === 'points' ? ' points' : ' %'}`;
      return [
        id,
        title,
        measureText(measured.value, unit),
        measureText(predicted, unit),
        errorText(error, unit),
        withinTolerance ? size : `**${size}, missed**`,
        [source.document, source.place].filter((part) => part !== undefined).join(', '),
      ];
    }),
  );
}

/** `docs/trust.md`: where the twin is good, where it is bad, and why. */
export function ledgerPage(results: readonly CaseResult[]): string {
  const scores = scoresOf(results);
  const checks = checksOf(results, linkBounds);
  const met = results.filter(({ withinTolerance }) => withinTolerance).length;
  const found = places(results).filter(({ cases }) => cases >= least);
  const cases = bases.toReversed().flatMap((basis) =>
    caseKinds.flatMap((kind) => {
      const own = results.filter((result) => result.case.kind === kind && result.case.basis === basis);
      return own.length === 0 ? [] : [`### ${kind}, ${basis}\n\n${caseTable(own)}`];
    }),
  );
  return `# How far the twin can be trusted

${results.length} published figures, each with its whole scenario, beside what the twin says of it. ${met} lie within their tolerance. This page is written by
\`npx supernode validate --record\`; [the guide](guide/validate.md) says what a case is. [What operators stand on](trust-operators.md) has the
error of every calibrated cell.

*Fitted*: constants of the twin come from this very measurement, so that the error says how well a formula holds it. *Predicted*: none does. An error is
predicted over measured, less one; of a gain, the difference in points. *Lean* is the median with its sign: which way the twin errs.

The columns after *lean* count cases within their tolerance, measured figures in the 80 % interval, and half the width of that interval over the
predicted figure, in the median.

${figureTable(scoreColumns, scores.map(scoreCells))}

## Links, by library and table

${figureTable(familyColumns, familiesOf(results).map(familyCells))}

## What is asked

Errors of families of links, fitted and predicted together, and 80 % intervals of the predicted cases of each kind that has at least ten.

${tableOf(boundColumns, ['---', '---', '--:', '--:', '---'], checks.map(boundCells))}

${checks.flatMap(({ beyond }) => beyond.map((result) => `- ${beyondText(result)}`)).join('\n')}

## Where it is good

Predicted cases of a kind on a machine that has at least ${least}, with a median error of at most ${percent(good)}.

${placeTable(found.filter(({ median }) => median <= good))}

## Where it is bad

The same with a median error above ${percent(bad)}.

${placeTable(found.filter(({ median }) => median > bad))}

## Why

Every case that misses its tolerance, by the mechanism that is missing.

${reasons(results)}

## What is not covered

[\`validation/coverage.yaml\`](../validation/coverage.yaml) lists every measured figure of the collection that the cases were drawn from: the cases that cover
it, or why none does.

## All cases

${cases.join('\n\n')}
`;
}
