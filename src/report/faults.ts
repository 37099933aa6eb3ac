import type { Interval, Metrics } from '../serving/metrics.ts';
import type { FaultRecord } from '../serving/faults/fault.ts';
import type { Block, Section, TimedEvent } from './block.ts';
import { columns, row } from './cells.ts';
import type { Summary } from './summary.ts';
import { count, percent, quantity } from './wording.ts';

/** What a fault did, and what it cost. */
export interface FaultSummary {
  readonly what: string;
  readonly kind: FaultRecord['kind'];
  /** [s] */
  readonly at: number;
  /** When it was over, and when all that it had stopped served again; absent where that was not in the run. [s] */
  readonly healedAt?: number | undefined;
  readonly restoredAt?: number | undefined;
  /** When the ranks that were left went on without the others, how many these were, and what was placed anew for it: experts in all layers, and their weights. [s, B] */
  readonly wentOnAt?: number | undefined;
  readonly ranks?: number | undefined;
  readonly experts?: number | undefined;
  readonly bytes?: number | undefined;
  /** Why an instance that was to go on without what it had lost came back whole or not at all. */
  readonly refused?: string | undefined;
  readonly instances: number;
  /** Requests that lost what they held, those of them that failed, and prompt tokens that had to be computed again. */
  readonly interrupted: number;
  readonly failed: number;
  readonly tokens: number;
  /**
   * Output in the ten seconds before, the warm-up apart, least in an interval from the fault until all was restored, with fewer ranks, and after that, in tok/s: from what was put
   * out in the intervals of the run; absent where the run has none there.
   */
  readonly before?: number | undefined;
  readonly least?: number | undefined;
  readonly meanwhile?: number | undefined;
  readonly after?: number | undefined;
  /** Requests that ended without meeting every objective, less the share that did so in those ten seconds: see `lostIn`; absent where none ended in them. */
  readonly goodputLost?: number | undefined;
}

/** How far around a fault one looks, in seconds and at least in intervals of the run: long enough for a mean, short enough not to see the run begin. */
const around = { seconds: 10, intervals: 3 } as const;

/** What is looked at: from the end of the warm-up, where output before a fault is meant, to the last arrival, behind which load falls anyway. [s] */
interface Looked {
  readonly from: number;
  readonly end: number;
}

/** What became of faults, and of the output around them. */
export function faultSummaries(records: readonly FaultRecord[], metrics: Metrics, { from: warm, end }: Looked): readonly FaultSummary[] {
  const { width, intervals } = metrics;
  const between = (from: number, to: number): readonly Interval[] => intervals.filter((_, i) => i * width >= from && (i + 1) * width <= Math.min(to, end));
  const rates = (from: number, to: number): readonly number[] => between(from, to).map(({ outputServed }) => Math.max(0, outputServed) / width);
  const mean = (values: readonly number[]): number | undefined =>
    values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
  return records.map((record) => {
    const { at, wentOnAt, restoredAt } = record;
    const look = Math.max(around.seconds, around.intervals * width);
    const during = rates(Math.floor(at / width) * width, Math.ceil((restoredAt ?? Infinity) / width) * width);
    return {
      what: record.text,
      kind: record.kind,
      at,
      healedAt: record.healedAt,
      restoredAt,
      wentOnAt,
      ranks: record.ranks,
      experts: record.experts,
      bytes: record.bytes,
      refused: record.refused,
      instances: record.instances,
      interrupted: record.interrupted,
      failed: record.failed,
      tokens: record.tokens,
      before: mean(rates(Math.max(at - look, warm), at)),
      least: during.length === 0 ? undefined : Math.min(...during),
      meanwhile: wentOnAt === undefined ? undefined : mean(rates(wentOnAt, restoredAt ?? Infinity)),
      after: restoredAt === undefined ? undefined : mean(rates(restoredAt, restoredAt + look)),
      goodputLost: lostIn(intervals.slice(Math.floor(at / width)), between(at - look, at), Math.ceil(((restoredAt ?? Infinity) + look - at) / width)),
    };
  });
}

/**
 * Requests that ended without meeting every objective, beyond the share that did so before: in so many intervals at least, and on for as long as more do than
 * before, since what has waited ends late. Undefined where none ended before.
 */
function lostIn(since: readonly Interval[], before: readonly Interval[], least: number): number | undefined {
  const ended = ({ finished, rejected, failed }: Interval): number => finished + rejected + failed;
  const endedBefore = before.reduce((sum, interval) => sum + ended(interval), 0);
  if (endedBefore === 0) return undefined;
  const share = before.reduce((sum, interval) => sum + ended(interval) - interval.good, 0) / endedBefore;
  let lost = 0;
  for (const [i, interval] of since.entries()) {
    const more = (1 - share) * ended(interval) - interval.good;
    if (i >= least && more <= 0) break;
    lost += more;
  }
  return Math.max(0, lost);
}

const verbs: Readonly<Record<FaultSummary['kind'], string>> = { kill: 'lost', hang: 'hangs', slow: 'slow', jitter: 'jitters', cut: 'cut', choke: 'slow' };

/** A long list says no more than its beginning. */
const shownAtMost = 30;

function nameOf({ what, kind }: FaultSummary): string {
  return `${what} ${verbs[kind]}`;
}

function whole(value: number | undefined): string {
  return value !== undefined && Number.isFinite(value) ? `${Math.round(value)}` : '–';
}

/** Faults as charts over time mark them: until all that they had stopped serves again, at most to the end of what is drawn. */
export function faultEvents({ faults, series }: Summary): readonly TimedEvent[] {
  const end = series.at(-1)?.at ?? 0;
  return faults
    .slice(0, shownAtMost)
    .flatMap((fault) => (fault.at <= end ? [{ label: nameOf(fault), from: fault.at, to: Math.min(end, fault.restoredAt ?? end) }] : []));
}

/** Faults as they came. */
export function faultSection({ faults, requests, window }: Summary): Section | undefined {
  if (faults.length === 0) return undefined;
  const shown = faults.slice(0, shownAtMost);
  const span = (from: number, to: number | undefined): string => (to === undefined ? 'not in the run' : quantity(to - from, 's'));
  const rate = (value: number | undefined): string => (value === undefined ? '–' : quantity(value, 'tok/s'));
  const blocks: Block[] = [
    {
      kind: 'table',
      caption: 'Faults, and output before, at its least until all served again, and after',
      columns: columns(['', 'at', 'served again in', 'before', 'least', 'after']),
      rows: shown.map((fault) =>
        row(
          nameOf(fault),
          quantity(fault.at, 's'),
          fault.instances === 0 ? '–' : span(fault.at, fault.restoredAt),
          fault.before === undefined && fault.at <= window.from ? 'in warm-up' : rate(fault.before),
          rate(fault.least),
          rate(fault.after),
        ),
      ),
    },
    {
      kind: 'table',
      caption: 'What they hit',
      columns: columns(['', 'instances', 'requests', 'of them failed', 'tokens computed again', 'goodput lost']),
      rows: shown.map((fault) => row(nameOf(fault), ...[fault.instances, fault.interrupted, fault.failed, fault.tokens, fault.goodputLost].map(whole))),
    },
  ];
  const narrowed = shown.filter(({ wentOnAt }) => wentOnAt !== undefined);
  if (narrowed.length > 0)
    blocks.push({
      kind: 'table',
      caption: 'Instances that went on with fewer ranks',
      columns: columns(['', 'went on in', 'ranks lost', 'experts placed anew', 'weights moved', 'output meanwhile']),
      rows: narrowed.map((fault) =>
        row(
          nameOf(fault),
          span(fault.at, fault.wentOnAt),
          whole(fault.ranks ?? 0),
          whole(fault.experts ?? 0),
          quantity(fault.bytes ?? 0, 'B'),
          rate(fault.meanwhile),
        ),
      ),
    });
  const { failed, arrived } = requests;
  const lines = [
    failed === 0
      ? `None of ${count(arrived, 'request')} failed.`
      : `${percent(failed / arrived)} of ${count(arrived, 'request')} failed: ${count(failed, 'request')}.`,
  ];
  for (const why of new Set(faults.flatMap(({ refused }) => refused ?? []))) {
    const [first, ...others] = faults.filter(({ refused }) => refused === why).map(nameOf);
    lines.push(`${first}${others.length > 0 ? ` and ${others.length} more` : ''}: what was left of the instance could not go on: ${why}.`);
  }
  if (faults.length > shown.length) lines.push(`The first ${shown.length} of ${faults.length} faults are shown; all are in the JSON.`);
  blocks.push({ kind: 'sentences', tone: 'plain', lines });
  return { title: 'Faults', blocks };
}
