import { formatTime } from '../../src/base/quantity.ts';
import type { SessionStatistics, TimeStatistics } from '../../src/serving/traffic/session-statistics.ts';
import { distributions, histogramChart, lengthsAsJson, percent, quantilesAsJson, row, traceSchema, whole } from './inspection.ts';

/** What a trace of sessions looks like, as JSON: SI units, lengths in tokens. */
export function sessionsAsJson(path: string, format: string, statistics: SessionStatistics): string {
  const { sessions, requests, leftOut, helpers, turns, think, input, output, reuse, continued } = statistics;
  const { quantiles, ...times } = think;
  return JSON.stringify(
    {
      schema: traceSchema,
      file: path,
      format,
      sessions,
      requests,
      leftOut,
      helpers,
      turns: lengthsAsJson(turns),
      think: { ...times, ...quantilesAsJson(quantiles) },
      input: lengthsAsJson(input),
      output: lengthsAsJson(output),
      reuse,
      continued,
    },
    undefined,
    2,
  );
}

/** What a trace of sessions looks like, on a terminal. */
export function sessionsAsText(path: string, format: string, statistics: SessionStatistics): string {
  const { sessions, requests, leftOut, helpers, turns, think, input, output, reuse, continued } = statistics;
  const times = ({ mean, min, quantiles, max }: TimeStatistics) => ['think time', ...[mean, min, ...quantiles, max].map((time) => formatTime(time, 3))];
  return [
    `${path} (${format})`,
    `${whole(sessions)} sessions with ${whole(requests)} requests, ${whole(helpers)} sub-agents beside the main ones${leftOut === 0 ? '' : `; ${whole(leftOut)} requests without output left out`}`,
    '',
    distributions('', [row('turns', turns), times(think), row('input tokens', input), row('output tokens', output)]),
    '',
    `prefixes: ${percent(reuse.hitShare)} of ${whole(reuse.blocks)} prompt blocks (${reuse.blockTokens} tokens each, ${whole(reuse.distinct)} distinct) follow an earlier prompt of their session: the hits of a cache without bound`,
    `${percent(continued)} of turns begin with the whole prompt before them`,
    '',
    ...histogramChart(input, output),
  ].join('\n');
}
