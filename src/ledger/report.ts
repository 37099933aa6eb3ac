import { significant } from '../base/quantity.ts';
import type { Cell, Report, ScatterChart, Section } from '../report/block.ts';
import { unitOf } from './answer.ts';
import { checksOf, type BoundCheck, type FamilyBound } from './bounds.ts';
import { bases, caseKinds, type Basis, type CaseKind } from './case.ts';
import { measureText, type Unit } from './measure.ts';
import type { CaseResult } from './result.ts';
import { familiesOf, scoresOf, type FamilyScore, type KindScore, type Score } from './score.ts';

/** How a report is made: in few columns for a terminal, or with charts for a page. */
export interface LedgerReportOptions {
  readonly medium: 'terminal' | 'page';
  readonly bounds: readonly FamilyBound[];
  readonly reproduce: string;
}

const none = '–';

/** `+4.2 %`, or points for gains. */
export function errorText(error: number, unit: Unit): string {
  if (!Number.isFinite(error)) return none;
  const sign = error < 0 ? '−' : '+';
  const size = Math.abs(error) * 100;
  return `${sign}${size >= 100 ? significant(size) : size.toFixed(1)} ${unit === '%' ? 'pt' : '%'}`;
}

const shareText = (share: number): string => (Number.isFinite(share) ? `${(share * 100).toFixed(1)} %` : none);

function figures({ cases, median, p90, worst, lean, withinTolerance, intervals, inside, halfWidth }: Score): readonly string[] {
  return [
    String(cases),
    shareText(median),
    shareText(p90),
    shareText(worst),
    errorText(lean, ''),
    `${withinTolerance}`,
    intervals === 0 ? none : `${inside} of ${intervals}`,
    intervals === 0 ? none : shareText(inside / intervals),
    shareText(halfWidth),
  ];
}

const figureColumns = ['cases', 'median', 'p90', 'worst', 'lean', 'in tol.', 'in 80 %', 'share', '± median'] as const;

/** Where a kind stands, in the words of a table. */
export const scoreColumns: readonly string[] = ['kind', 'basis', ...figureColumns];
export function scoreCells(score: KindScore): readonly string[] {
  return [score.kind, score.basis, ...figures(score)];
}

/** The same of a family. */
export const familyColumns: readonly string[] = ['family', 'basis', ...figureColumns];
export function familyCells(score: FamilyScore): readonly string[] {
  return [score.family, score.basis, ...figures(score)];
}

/** What is asked, and what is. */
export const boundColumns: readonly string[] = ['of', 'figure', 'is', 'asked', ''];
export function boundCells({ title, figure, value, least, most, held, beyond }: BoundCheck): readonly string[] {
  const asked = least > 0 ? `${Math.round(least * 100)} to ${Math.round(most * 100)} %` : `at most ${Math.round(most * 100)} %`;
  return [title, figure, shareText(value), asked, held ? 'held' : beyond.length === 0 ? 'not held' : `${beyond.length} beyond`];
}

/** Every case with its error, by kind, predicted and fitted apart. */
export function ledgerReport(results: readonly CaseResult[], { medium, bounds, reproduce }: LedgerReportOptions): Report {
  const scores = scoresOf(results);
  const kept = results.filter(({ withinTolerance }) => withinTolerance).length;
  const predicted = results.filter((result) => result.case.basis === 'predicted').length;
  return {
    title: 'Predicted against measured',
    subtitle: `${results.length} ${results.length === 1 ? 'case' : 'cases'}`,
    verdict: [
      `${kept} of ${results.length} within their tolerance. ${predicted} are predicted: no constant of the twin comes from them.`,
      'An error is predicted over measured, less one; of a gain, the difference in points (pt).',
    ],
    facts: [],
    headlines: scores.map(({ kind, basis, cases, median, p90 }) => ({
      label: `${kind}, ${basis}`,
      value: shareText(median),
      note: `median error of ${cases} ${cases === 1 ? 'case' : 'cases'}; p90 ${shareText(p90)}`,
      tone: 'plain',
    })),
    sections: [
      {
        title: 'By kind',
        blocks: [
          tableOf(
            'Errors, cases within their tolerance, measured figures in the 80 % interval and the median of half its width',
            scoreColumns,
            scores.map(scoreCells),
          ),
          ...(medium === 'terminal' ? [] : [{ kind: 'scatter' as const, charts: scatterOf(results) }]),
        ],
      },
      ...familySection(results),
      ...boundSection(results, bounds),
      ...bases.toReversed().flatMap((basis) => caseKinds.flatMap((kind) => kindSection(results, kind, basis, medium))),
    ],
    reproduce: [reproduce],
  };
}

function tableOf(caption: string, columns: readonly string[], rows: readonly (readonly string[])[]) {
  return {
    kind: 'table' as const,
    caption,
    columns: columns.map((title, i) => ({ title, align: i < 2 ? ('left' as const) : ('right' as const) })),
    rows: rows.map((cells) => cells.map((text) => ({ text }))),
  };
}

function familySection(results: readonly CaseResult[]): readonly Section[] {
  const families = familiesOf(results);
  return families.length === 0 ? [] : [{ title: 'By family', blocks: [tableOf('The same of libraries and tables', familyColumns, families.map(familyCells))] }];
}

function boundSection(results: readonly CaseResult[], bounds: readonly FamilyBound[]): readonly Section[] {
  const checks = checksOf(results, bounds);
  if (checks.length === 0) return [];
  const beyond = checks.flatMap((one) => one.beyond.map(beyondText));
  return [
    {
      title: 'What is asked',
      blocks: [
        tableOf(
          'Errors of families, fitted and predicted together; 80 % intervals of predicted cases of kinds with at least ten',
          boundColumns,
          checks.map(boundCells),
        ),
        ...(beyond.length === 0 ? [] : [{ kind: 'sentences' as const, tone: 'warn' as const, lines: beyond }]),
      ],
    },
  ];
}

/** A case beyond a bound, with the reason that it names. */
export function beyondText({ case: { id, question, missing }, error }: CaseResult): string {
  return `${id} (${errorText(error, unitOf(question))}): ${missing ?? 'not explained yet.'}`;
}

function kindSection(results: readonly CaseResult[], kind: CaseKind, basis: Basis, medium: LedgerReportOptions['medium']): readonly Section[] {
  const own = results.filter((result) => result.case.kind === kind && result.case.basis === basis);
  if (own.length === 0) return [];
  const intervals = own.some(({ interval }) => interval !== undefined);
  const missed = own.filter((result) => !result.withinTolerance);
  const reasons = [...Map.groupBy(missed, (result) => result.case.missing ?? 'Not explained.')];
  const terminal = medium === 'terminal';
  const count = `${own.length} ${own.length === 1 ? 'case' : 'cases'}`;
  return [
    {
      title: `${kind}, ${basis}`,
      blocks: [
        {
          kind: 'table',
          caption: terminal && intervals ? `${count}; the interval in % of the predicted figure, and whether the measured one lies in it` : count,
          columns: [
            { title: 'case', align: 'left' },
            { title: 'measured', align: 'right' },
            { title: 'predicted', align: 'right' },
            { title: 'error', align: 'right' },
            ...(intervals ? [{ title: terminal ? '80 % of it' : '80 % interval', align: 'right' as const }] : []),
            { title: terminal ? 'within' : 'tolerance', align: 'right' },
          ],
          rows: own.map((result) => caseCells(result, terminal, intervals)),
        },
        ...(reasons.length === 0
          ? []
          : [{ kind: 'sentences' as const, tone: 'warn' as const, lines: reasons.map(([why, cases]) => `${why} ${namesOf(cases)}`) }]),
      ],
    },
  ];
}

/** `[a, b]`. */
function namesOf(results: readonly CaseResult[]): string {
  return `[${results.map((result) => result.case.id).join(', ')}]`;
}

function caseCells(result: CaseResult, terminal: boolean, intervals: boolean): readonly Cell[] {
  const { predicted, error, withinTolerance } = result;
  const { id, question, measured, tolerance } = result.case;
  const unit = unitOf(question);
  const size = tolerance.size * 100;
  const within = size === 0 ? 'exact' : `±${size}${tolerance.of === 'points' ? ' pt' : ' %'}`;
  return [
    { text: id },
    { text: measureText(measured.value, unit) },
    { text: measureText(predicted, unit) },
    { text: errorText(error, unit) },
    ...(intervals ? [terminal ? { text: shortInterval(result) } : wholeInterval(result)] : []),
    { text: terminal ? `${within} ${withinTolerance ? ' ' : '✗'}` : within, note: terminal || withinTolerance ? undefined : 'missed' },
  ];
}

/** `−8 +12 in`: ends less the predicted figure in percent of it (of a gain: in points). */
function shortInterval({ interval, inside, predicted, case: { tolerance } }: CaseResult): string {
  if (interval === undefined) return none;
  const ends = [interval.low, interval.high].map((end) => (tolerance.of === 'points' ? end - predicted : (end - predicted) / Math.abs(predicted)));
  return `${ends.map((end) => `${end < 0 ? '−' : '+'}${Math.round(Math.abs(end) * 100)}`).join(' ')} ${inside === true ? ' in' : 'out'}`;
}

function wholeInterval({ interval, inside, case: { question } }: CaseResult): Cell {
  const unit = unitOf(question);
  if (interval === undefined) return { text: none };
  return { text: `${measureText(interval.low, unit)} to ${measureText(interval.high, unit)}`, note: inside === true ? 'inside' : 'outside' };
}

/** Figures of a unit that make a chart. */
const fewest = 3;

/** Measured against predicted, a chart for each unit. */
function scatterOf(results: readonly CaseResult[]): readonly ScatterChart[] {
  // Predicted first, so that it has the same colour in every chart.
  const sorted = bases.toReversed().flatMap((basis) => results.filter((result) => result.case.basis === basis && result.predicted > 0));
  const units = [...new Set(sorted.map((result) => unitOf(result.case.question)))].filter((unit) => unit !== '%');
  return units.flatMap((unit) => {
    const own = sorted.filter((result) => unitOf(result.case.question) === unit);
    const points = own.map((result) => ({ x: result.case.measured.value, y: result.predicted, label: result.case.id, series: result.case.basis }));
    return points.length < fewest ? [] : [{ caption: unit === '' ? 'Counts' : `Figures in ${unit}`, unit, points }];
  });
}
