import { significant } from '../base/quantity.ts';
import type { Cell, Report, ScatterChart, Section } from '../report/block.ts';
import { unitOf } from './answer.ts';
import { bases, caseKinds, type Basis, type CaseKind } from './case.ts';
import { measureText, type Unit } from './measure.ts';
import { scoresOf, type CaseResult, type KindScore } from './result.ts';

/** How a report is made: with bars of characters beside the errors (a terminal), or with charts (a page). */
export interface LedgerReportOptions {
  readonly bars: boolean;
  readonly reproduce: string;
}

const none = '–';
/** Characters to each side of the middle of an error bar, and the error that fills them. */
const half = 6;
const full = 0.5;

/** `+4.2 %`, or points for gains. */
export function errorText(error: number, unit: Unit): string {
  if (!Number.isFinite(error)) return none;
  const sign = error < 0 ? '−' : '+';
  const size = Math.abs(error) * 100;
  return `${sign}${size >= 100 ? significant(size) : size.toFixed(1)} ${unit === '%' ? 'points' : '%'}`;
}

const shareText = (share: number): string => (Number.isFinite(share) ? `${(share * 100).toFixed(1)} %` : none);

/** A bar from the middle: to the left where the twin says too little. */
function errorBar(error: number): string {
  const length = Math.min(half, Math.round((Math.abs(error) / full) * half));
  const bar = '█'.repeat(length);
  const beyond = Math.abs(error) > full;
  return error < 0
    ? `${`${beyond ? '◂' : ''}${beyond ? bar.slice(1) : bar}`.padStart(half)}│${' '.repeat(half)}`
    : `${' '.repeat(half)}│${`${beyond ? bar.slice(1) : bar}${beyond ? '▸' : ''}`.padEnd(half)}`;
}

/** Where a kind stands, in the words of a table. */
export function scoreCells({ kind, basis, cases, median, p90, worst, lean, withinTolerance, intervals, inside }: KindScore): readonly string[] {
  return [
    kind,
    basis,
    String(cases),
    shareText(median),
    shareText(p90),
    shareText(worst),
    errorText(lean, ''),
    `${withinTolerance} of ${cases}`,
    intervals === 0 ? none : `${inside} of ${intervals}`,
  ];
}

export const scoreColumns: readonly string[] = ['kind', 'basis', 'cases', 'median', 'p90', 'worst', 'lean', 'in tolerance', 'in 80 % interval'];

/** Every case with its error, by kind, predicted and fitted apart. */
export function ledgerReport(results: readonly CaseResult[], { bars, reproduce }: LedgerReportOptions): Report {
  const scores = scoresOf(results);
  const kept = results.filter(({ withinTolerance }) => withinTolerance).length;
  const predicted = results.filter((result) => result.case.basis === 'predicted').length;
  return {
    title: 'Predicted against measured',
    subtitle: `${results.length} ${results.length === 1 ? 'case' : 'cases'}`,
    verdict: [
      `${kept} of ${results.length} within their tolerance. ${predicted} are predicted: no constant of the twin comes from them.`,
      'An error is predicted over measured, less one; of a gain, the difference in points.',
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
          {
            kind: 'table',
            caption: 'Errors by kind',
            columns: scoreColumns.map((title, i) => ({ title, align: i < 2 ? 'left' : 'right' })),
            rows: scores.map((score) => scoreCells(score).map((text) => ({ text }))),
          },
          ...(bars ? [] : [{ kind: 'scatter' as const, charts: scatterOf(results) }]),
        ],
      },
      ...bases.toReversed().flatMap((basis) => caseKinds.flatMap((kind) => kindSection(results, kind, basis, bars))),
    ],
    reproduce: [reproduce],
  };
}

function kindSection(results: readonly CaseResult[], kind: CaseKind, basis: Basis, bars: boolean): readonly Section[] {
  const own = results.filter((result) => result.case.kind === kind && result.case.basis === basis);
  if (own.length === 0) return [];
  const intervals = own.some(({ interval }) => interval !== undefined);
  const missing = own.filter((result) => !result.withinTolerance && result.case.missing !== undefined);
  return [
    {
      title: `${kind}, ${basis}`,
      blocks: [
        {
          kind: 'table',
          caption: `${own.length} ${own.length === 1 ? 'case' : 'cases'}`,
          columns: [
            { title: 'case', align: 'left' },
            { title: 'measured', align: 'right' },
            { title: 'predicted', align: 'right' },
            { title: 'error', align: 'right' },
            ...(bars ? [{ title: `−${full * 100}    0   +${full * 100} %`, align: 'left' as const }] : []),
            ...(intervals ? [{ title: '80 % interval', align: 'right' as const }] : []),
            { title: 'tolerance', align: 'right' },
          ],
          rows: own.map((result) => caseCells(result, bars, intervals)),
        },
        ...(missing.length === 0
          ? []
          : [{ kind: 'sentences' as const, tone: 'warn' as const, lines: missing.map(({ case: { id, missing: why } }) => `${id}: ${why}`) }]),
      ],
    },
  ];
}

function caseCells(result: CaseResult, bars: boolean, intervals: boolean): readonly Cell[] {
  const { predicted, interval, inside, error, withinTolerance } = result;
  const { id, question, measured, tolerance } = result.case;
  const unit = unitOf(question);
  const size = tolerance.size * 100;
  return [
    { text: id },
    { text: measureText(measured.value, unit) },
    { text: measureText(predicted, unit) },
    { text: errorText(error, unit) },
    ...(bars ? [{ text: errorBar(error) }] : []),
    ...(intervals
      ? [
          {
            text: interval === undefined ? none : `${measureText(interval.low, unit)} to ${measureText(interval.high, unit)}`,
            note: inside === undefined ? undefined : inside ? 'inside' : 'outside',
          },
        ]
      : []),
    { text: `${size === 0 ? 'exact' : `±${size}${tolerance.of === 'points' ? ' points' : ' %'}`}${withinTolerance ? '' : ' missed'}` },
  ];
}

/** Measured against predicted, a chart for each unit. */
function scatterOf(results: readonly CaseResult[]): readonly ScatterChart[] {
  const units = [...new Set(results.map((result) => unitOf(result.case.question)))].filter((unit) => unit !== '%');
  return units.map((unit) => ({
    caption: unit === '' ? 'Counts' : `Figures in ${unit}`,
    unit,
    points: results
      .filter((result) => unitOf(result.case.question) === unit && result.predicted > 0)
      .map((result) => ({ x: result.case.measured.value, y: result.predicted, label: result.case.id, series: result.case.basis })),
  }));
}
