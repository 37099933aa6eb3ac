import type { Seconds } from '../../base/units.ts';
import type { Summary } from '../summary.ts';

/** An interval of simulated time, over all machines. */
export interface MergedPoint {
  /** Its middle. */
  readonly at: Seconds;
  /** [1/s] */
  readonly arrivals: number;
  readonly outputTokensPerSecond: number;
  readonly inputTokensPerSecond: number;
  readonly waiting: number;
  readonly running: number;
  /** Instances with dies, by pool; absent without control loops. */
  readonly instances?: readonly number[] | undefined;
  /** Worst ninety-ninth percentile of time to first token of any machine. [s] */
  readonly ttftP99: Seconds;
}

/** Width of a run's intervals: its points stand in their middles. 0 where it has none. */
function widthOf({ series }: Summary): Seconds {
  return 2 * (series[0]?.at ?? 0);
}

/** The series of machines on one grid, that of the widest intervals: widths are equal but for powers of two. */
export function mergedSeries(summaries: readonly Summary[]): readonly MergedPoint[] {
  const width = summaries.reduce((most, summary) => Math.max(most, widthOf(summary)), 0);
  if (width === 0) return [];
  const pools = summaries.find(({ control }) => control !== undefined)?.control?.pools.length ?? 0;
  const points: { -readonly [Key in keyof MergedPoint]: MergedPoint[Key] }[] = [];
  for (const summary of summaries) {
    const part = widthOf(summary) / width;
    summary.series.forEach((point, i) => {
      const at = Math.floor(point.at / width);
      const own = (points[at] ??= {
        at: (at + 0.5) * width,
        arrivals: 0,
        outputTokensPerSecond: 0,
        inputTokensPerSecond: 0,
        waiting: 0,
        running: 0,
        instances: pools === 0 ? undefined : Array.from({ length: pools }, () => 0),
        ttftP99: 0,
      });
      own.arrivals += point.arrived / width;
      own.outputTokensPerSecond += point.outputTokensPerSecond * part;
      own.inputTokensPerSecond += point.inputTokensPerSecond * part;
      own.waiting += point.waiting * part;
      own.running += point.running * part;
      own.ttftP99 = Math.max(own.ttftP99, point.ttftP99);
      const instances = summary.control?.series[i]?.instances;
      if (own.instances !== undefined && instances !== undefined) own.instances = own.instances.map((sum, p) => sum + (instances[p] ?? 0) * part);
    });
  }
  return points;
}
