import { formatTime } from '../../src/base/quantity.ts';
import type { Block, Report, Section } from '../../src/report/block.ts';
import { columns, row } from '../../src/report/cells.ts';
import { percent } from '../calibrate/report.ts';
import type { PointsValidation } from './points.ts';
import { grouped, leftOutRules, queuedTtft } from './rules.ts';
import { errorOf, type JudgedPoint, type Metric, type Score, scoreOf } from './score.ts';

const placeOf = ({ point }: JudgedPoint): string => `${point.model.split('/').at(-1) ?? ''} ${point.system} ${point.backend}`;

/** What points are grouped by. */
const groupings: readonly { readonly name: string; readonly of: (judged: JudgedPoint) => string }[] = [
  { name: 'model', of: ({ point }) => point.model },
  { name: 'system', of: ({ point }) => point.system },
  { name: 'backend', of: ({ point }) => point.backend },
  { name: 'model, system and backend', of: placeOf },
  { name: 'version', of: ({ point }) => `${point.backend} ${point.version}` },
  { name: 'precision', of: ({ point }) => point.precision || 'as published' },
  { name: 'concurrency', of: ({ point }) => String(point.concurrency ?? '') },
  { name: 'lengths', of: ({ point }) => `${point.input} / ${point.output}` },
];
const metrics: readonly Metric[] = ['tpot', 'ttft'];
const worstCount = 20;

const signed = (value: number): string => `${value > 0 ? '+' : ''}${percent(value)}`;
const count = (value: number, noun: string): string => `${value.toLocaleString('en-US')} ${noun}${value === 1 ? '' : 's'}`;

function scored(judged: readonly JudgedPoint[], mode: string): readonly JudgedPoint[] {
  return judged.filter(({ point, leftOut }) => point.mode === mode && leftOut === undefined);
}

function groupsOf(
  judged: readonly JudgedPoint[],
  of: (judged: JudgedPoint) => string,
): readonly { readonly name: string; readonly tpot: Score; readonly ttft: Score }[] {
  const order = new Intl.Collator('en', { numeric: true });
  return [...grouped(judged, of)]
    .map(([name, members]) => ({ name, tpot: scoreOf(members, 'tpot'), ttft: scoreOf(members, 'ttft') }))
    .sort((a, b) => order.compare(a.name, b.name));
}

/** Reasons for which rows are not in the score, with their counts. */
function leftOut({ judged, unscored }: PointsValidation, mode: string): readonly { readonly reason: string; readonly rows: number }[] {
  const ruled = judged.flatMap(({ point, leftOut: rule }) => (point.mode !== mode || rule === undefined ? [] : [leftOutRules[rule]]));
  const reasons = unscored.flatMap(({ point, reason }) => (point.mode === mode ? [reason] : []));
  return [...grouped([...ruled, ...reasons], (reason) => reason)].map(([reason, rows]) => ({ reason, rows: rows.length })).sort((a, b) => b.rows - a.rows);
}

function worst(judged: readonly JudgedPoint[], metric: Metric, most: number): readonly JudgedPoint[] {
  const distance = (one: JudgedPoint): number => Math.abs(errorOf(one, metric) ?? 0);
  return judged.toSorted((a, b) => distance(b) - distance(a)).slice(0, most);
}

function described({ point }: JudgedPoint): string {
  const { model, system, backend, version, precision, input, output, concurrency, layout } = point;
  const parts =
    layout === undefined ? '' : `, TP${layout.tensor}${layout.data > 1 ? ` DP${layout.data}` : ''} experts ${layout.expertTensor} x ${layout.expertParallel}`;
  return `${model} ${precision}, ${system}, ${backend} ${version}${parts}, ${input}/${output}, ${concurrency} at once`;
}

function groupTable(name: string, judged: readonly JudgedPoint[], of: (judged: JudgedPoint) => string): Block {
  const cells = ({ rows, keys, median, p90, bias }: Score): readonly string[] =>
    rows === 0 ? ['0', '', '', ''] : [rows === keys ? String(rows) : `${rows} (${keys})`, percent(median), percent(p90), signed(bias)];
  return {
    kind: 'table',
    caption: `By ${name}`,
    columns: columns([name, 'TPOT rows', 'median', 'p90', 'bias', 'TTFT rows', 'median', 'p90', 'bias'], 1),
    rows: groupsOf(judged, of).map((group) => row(group.name, ...cells(group.tpot), ...cells(group.ttft))),
  };
}

function worstTable(judged: readonly JudgedPoint[], metric: Metric): Block {
  return {
    kind: 'table',
    caption: `Furthest off in ${metric.toUpperCase()}`,
    columns: columns(['row', 'measured', 'predicted', 'error'], 1),
    rows: worst(judged, metric, 8).map((one) =>
      row(described(one), formatTime(one.point[metric] ?? NaN), formatTime(one[metric]), signed(errorOf(one, metric) ?? NaN)),
    ),
  };
}

export function pointsReport(result: PointsValidation, command: string): Report {
  const aggregated = scored(result.judged, 'agg');
  const apart = scored(result.judged, 'disagg');
  const tpot = scoreOf(aggregated, 'tpot');
  const ttft = scoreOf(aggregated, 'ttft');
  const missing = leftOut(result, 'agg');
  const missingApart = leftOut(result, 'disagg');
  const reasons = (list: readonly { readonly reason: string; readonly rows: number }[]): readonly string[] =>
    list.map(({ reason, rows }) => `${count(rows, 'row')}: ${reason}.`);
  const sections: Section[] = [
    ...(missing.length === 0 ? [] : [{ title: 'Not scored', blocks: [{ kind: 'sentences' as const, tone: 'plain' as const, lines: reasons(missing) }] }]),
    { title: 'Groups', blocks: groupings.map(({ name, of }) => groupTable(name, aggregated, of)) },
    { title: 'Worst rows', blocks: metrics.map((metric) => worstTable(aggregated, metric)) },
    ...(apart.length === 0 && missingApart.length === 0
      ? []
      : [
          {
            title: 'Disaggregated points, apart',
            blocks: [
              ...(missingApart.length === 0 ? [] : [{ kind: 'sentences' as const, tone: 'plain' as const, lines: reasons(missingApart) }]),
              ...(apart.length === 0 ? [] : [groupTable('model, system and backend', apart, placeOf)]),
            ],
          },
        ]),
  ];
  return {
    title: 'Serving points: predicted against measured',
    subtitle: result.file,
    verdict: [
      `${count(tpot.rows, 'row')} of ${count(tpot.keys, 'key')}: TPOT median error ${percent(tpot.median)}, p90 ${percent(tpot.p90)}; ${count(ttft.rows, 'row')}: TTFT median error ${percent(ttft.median)}, p90 ${percent(ttft.p90)}.`,
      `Errors are |predicted / measured - 1|, each key counted once. First tokens behind ${queuedTtft} s are not scored. Every run sends ${result.requestsPerSlot} requests for each in flight.`,
    ],
    facts: [],
    headlines: [],
    sections,
    reproduce: [command],
  };
}

/** What `validate --points --json` prints. */
export function pointsAsJson(result: PointsValidation): string {
  const aggregated = scored(result.judged, 'agg');
  const apart = scored(result.judged, 'disagg');
  const both = (judged: readonly JudgedPoint[]): object => ({ tpot: scoreOf(judged, 'tpot'), ttft: scoreOf(judged, 'ttft') });
  const tpot = scoreOf(aggregated, 'tpot');
  const ttft = scoreOf(aggregated, 'ttft');
  return JSON.stringify(
    {
      schema: 'supernode/validate-points/1',
      file: result.file,
      rows: result.rows,
      scored: tpot.rows,
      keys: tpot.keys,
      median: { tpot: tpot.median, ttft: ttft.median },
      p90: { tpot: tpot.p90, ttft: ttft.p90 },
      tpot,
      ttft,
      notScored: leftOut(result, 'agg'),
      requestsPerSlot: result.requestsPerSlot,
      groups: Object.fromEntries(groupings.map(({ name, of }) => [name, groupsOf(aggregated, of)])),
      worst: Object.fromEntries(metrics.map((metric) => [metric, worst(aggregated, metric, worstCount).map(pointAsJson)])),
      disaggregated: { rows: apart.length, ...both(apart), notScored: leftOut(result, 'disagg') },
      points: result.judged.map(pointAsJson),
    },
    null,
    2,
  );
}

function pointAsJson({ point, ttft, tpot, ttftError, tpotError, weight, leftOut: rule }: JudgedPoint): object {
  const { line, mode, model, system, backend, version, precision, input, output, concurrency, layout, prefill, decode, measured } = point;
  return {
    line,
    mode,
    model,
    system,
    backend,
    version,
    precision,
    input,
    output,
    concurrency,
    layout,
    prefill,
    decode,
    date: measured,
    measured: { ttft: point.ttft, tpot: point.tpot },
    predicted: { ttft, tpot },
    errors: { ttft: ttftError, tpot: tpotError },
    weight,
    leftOut: rule === undefined ? undefined : leftOutRules[rule],
  };
}
