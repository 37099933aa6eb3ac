import { formatTime } from '../../src/base/quantity.ts';
import type { Block, Report } from '../../src/report/block.ts';
import { columns, row } from '../../src/report/cells.ts';
import { percent } from '../calibrate/report.ts';
import { grouped } from '../validate-points/rules.ts';
import { type LatencyFigures, type RunMetric, runMetrics } from './run.ts';
import type { JudgedRun } from './runs.ts';

const statistics = ['mean', 'p50', 'p90', 'p99'] as const;
const signed = (value: number): string => (Number.isFinite(value) ? `${value > 0 ? '+' : ''}${percent(value)}` : '');
const time = (value: number): string => (Number.isFinite(value) ? formatTime(value) : '');

function error(predicted: LatencyFigures, measured: LatencyFigures, statistic: (typeof statistics)[number]): number {
  return predicted[statistic] / measured[statistic] - 1;
}

/** Median over the runs of |predicted / measured - 1| of the mean. */
function medianError(judged: readonly JudgedRun[], metric: RunMetric): number {
  const errors = judged
    .flatMap(({ run, predicted }) => (predicted === undefined ? [] : [Math.abs(error(predicted[metric], run.measured[metric], 'mean'))]))
    .sort((a, b) => a - b);
  return errors[Math.ceil(errors.length / 2) - 1] ?? NaN;
}

/** `65.5 s → 64.4 s`, and the error. */
function pair(predicted: LatencyFigures | undefined, measured: LatencyFigures, statistic: (typeof statistics)[number]): readonly string[] {
  if (!Number.isFinite(measured[statistic])) return ['', ''];
  if (predicted === undefined) return [time(measured[statistic]), ''];
  return [`${time(measured[statistic])} → ${time(predicted[statistic])}`, signed(error(predicted, measured, statistic))];
}

function overview(judged: readonly JudgedRun[]): Block {
  return {
    kind: 'table',
    caption: 'Means: measured → predicted',
    columns: columns(['run', 'requests', ...runMetrics.flatMap((metric) => [metric.toUpperCase(), 'error'])], 1),
    rows: judged.map(({ run, predicted }) =>
      row(run.name, String(run.requests), ...runMetrics.flatMap((metric) => pair(predicted?.[metric], run.measured[metric], 'mean'))),
    ),
  };
}

function percentiles({ run, predicted, kvBlocks }: JudgedRun): Block {
  return {
    kind: 'table',
    caption: `${run.name}${run.kvBlocks === undefined ? '' : `: ${run.kvBlocks} KV blocks, ${kvBlocks ?? '–'} predicted`}`,
    columns: columns(['', ...statistics.flatMap((name) => [name, 'error'])], 1),
    rows: runMetrics.map((metric) => row(metric.toUpperCase(), ...statistics.flatMap((name) => pair(predicted?.[metric], run.measured[metric], name)))),
  };
}

export function runsReport(judged: readonly JudgedRun[], root: string, command: string): Report {
  const families = [...grouped(judged, ({ run }) => run.family)];
  return {
    title: 'Recorded runs: predicted beside measured',
    subtitle: root,
    verdict: families.map(
      ([family, runs]) =>
        `${family}, ${runs.filter(({ predicted }) => predicted !== undefined).length} of ${runs.length} runs predicted: median error of the mean TTFT ${percent(medianError(runs, 'ttft'))}, TPOT ${percent(medianError(runs, 'tpot'))}, E2E ${percent(medianError(runs, 'e2e'))}.`,
    ),
    facts: [],
    headlines: [],
    sections: families.map(([family, runs]) => {
      const told = [...new Set(runs.flatMap(({ run }) => [...run.notes, ...(run.reason === undefined ? [] : [`${run.name}: ${run.reason}`])]))];
      return {
        title: family,
        blocks: [
          overview(runs),
          ...(told.length === 0 ? [] : [{ kind: 'sentences' as const, tone: 'plain' as const, lines: told.map((line) => `${line}.`) }]),
          ...(runs.length <= 8 ? runs.filter(({ predicted }) => predicted !== undefined).map(percentiles) : []),
        ],
      };
    }),
    reproduce: [command],
  };
}

/** What `validate --runs --json` prints. */
export function runsAsJson(judged: readonly JudgedRun[], root: string): string {
  return JSON.stringify(
    {
      schema: 'supernode/validate-runs/1',
      folder: root,
      families: [...grouped(judged, ({ run }) => run.family)].map(([name, runs]) => ({
        name,
        runs: runs.length,
        predicted: runs.filter(({ predicted }) => predicted !== undefined).length,
        median: Object.fromEntries(runMetrics.map((metric) => [metric, medianError(runs, metric)])),
      })),
      runs: judged.map(({ run, predicted, kvBlocks }) => ({
        family: run.family,
        name: run.name,
        requests: run.requests,
        measured: run.measured,
        predicted,
        errors:
          predicted === undefined
            ? undefined
            : Object.fromEntries(
                runMetrics.map((metric) => [
                  metric,
                  Object.fromEntries(statistics.map((name) => [name, error(predicted[metric], run.measured[metric], name)])),
                ]),
              ),
        kvBlocks: run.kvBlocks === undefined ? undefined : { measured: run.kvBlocks, predicted: kvBlocks },
        reason: run.reason,
        notes: run.notes,
      })),
    },
    null,
    2,
  );
}
