import { formatQuantity, formatTime, significant } from '../../src/base/quantity.ts';
import { type LengthStatistics, statedShares, type TraceStatistics } from '../../src/serving/traffic/statistics.ts';
import { table } from '../table.ts';

export const traceSchema = 'supernode/trace/1';

/** Columns of the chart of arrivals. */
export const chartColumns = 72;
const chartRows = 4;
const barColumns = 24;
const eighths = [' ', '▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

export const whole = (count: number): string => count.toLocaleString('en-US');
export const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;

/** Quantiles by their names. */
export function quantilesAsJson(quantiles: readonly number[]): Readonly<Record<string, number | undefined>> {
  return Object.fromEntries(statedShares.map((share, i) => [`p${share * 100}`, quantiles[i]]));
}

export function lengthsAsJson({ mean, min, quantiles, max, histogram }: LengthStatistics): object {
  return {
    mean,
    min,
    ...quantilesAsJson(quantiles),
    max,
    histogram: histogram.flatMap((requests, power) => (requests === 0 ? [] : [{ from: 2 ** power, below: 2 ** (power + 1), requests }])),
  };
}

/** What a trace looks like, as JSON: SI units, lengths in tokens. */
export function inspectionAsJson(path: string, format: string, statistics: TraceStatistics): string {
  const { requests, span, rate, gapVariation, arrivals, reuse } = statistics;
  return JSON.stringify(
    {
      schema: traceSchema,
      file: path,
      format,
      requests,
      span,
      rate,
      gapVariation,
      input: lengthsAsJson(statistics.input),
      output: lengthsAsJson(statistics.output),
      reuse,
      arrivals,
    },
    undefined,
    2,
  );
}

/** What a trace looks like, on a terminal. */
export function inspectionAsText(path: string, format: string, statistics: TraceStatistics): string {
  const { requests, span, input, output, reuse } = statistics;
  const pace =
    span === 0
      ? 'all at once'
      : `in ${formatTime(span, 4)}: ${formatQuantity(statistics.rate, '/s')}, gaps vary by ${significant(statistics.gapVariation)} (1 is Poisson, more is burstier)`;
  return [
    `${path} (${format})`,
    `${whole(requests)} ${requests === 1 ? 'request' : 'requests'} ${pace}`,
    '',
    distributions('tokens', [row('input', input), row('output', output)]),
    '',
    reuse === undefined
      ? 'prefixes: the trace does not say which prompts begin alike'
      : `prefixes: ${percent(reuse.hitShare)} of ${whole(reuse.blocks)} prompt blocks (${reuse.blockTokens} tokens each, ${whole(reuse.distinct)} distinct) follow an earlier prompt: the hits of a cache without bound`,
    ...(span === 0 ? [] : ['', ...arrivalChart(statistics)]),
    '',
    ...histogramChart(input, output),
  ].join('\n');
}

/** A line for each distribution: its name, mean, least, quantiles, most. */
export function distributions(unit: string, rows: readonly (readonly string[])[]): string {
  const headers = [unit, 'mean', 'least', ...statedShares.map((share) => `p${share * 100}`), 'most'];
  return table(headers, rows, { align: ['left', ...headers.slice(1).map(() => 'right' as const)] });
}

/** Whole numbers as such a line. */
export function row(name: string, { mean, min, quantiles, max }: LengthStatistics): readonly string[] {
  return [name, significant(mean, 4), whole(min), ...quantiles.map(whole), whole(max)];
}

/** Arrivals per second over the span. */
function arrivalChart({ arrivals, span }: TraceStatistics): readonly string[] {
  const highest = Math.max(...arrivals);
  const width = span / arrivals.length;
  const label = formatQuantity(highest / width, '/s');
  const lines = Array.from({ length: chartRows }, (_, row) => {
    const base = (chartRows - 1 - row) * 8;
    const marks = arrivals.map((count) => eighths[Math.min(8, Math.max(0, Math.ceil((count / highest) * chartRows * 8) - base))] ?? ' ');
    return `${(row === 0 ? label : row === chartRows - 1 ? '0 /s' : '').padStart(label.length)} ┤${marks.join('')}`;
  });
  const end = formatTime(span);
  return [`arrivals, ${formatTime(width)} a column`, ...lines, `${' '.repeat(label.length + 2)}0 s${end.padStart(arrivals.length - 3)}`];
}

/** Requests by length, input and output side by side, in powers of two. */
export function histogramChart(input: LengthStatistics, output: LengthStatistics): readonly string[] {
  const powers = Array.from({ length: Math.max(input.histogram.length, output.histogram.length) }, (_, power) => power);
  const used = powers.filter((power) => (input.histogram[power] ?? 0) + (output.histogram[power] ?? 0) > 0);
  const shown = powers.slice(used[0] ?? 0);
  const bars = (histogram: readonly number[]) => {
    const total = histogram.reduce((sum, count) => sum + count, 0);
    const highest = Math.max(...histogram);
    return (power: number): readonly [string, string] => {
      const count = histogram[power] ?? 0;
      return [bar(count / highest), count === 0 ? '' : percent(count / total)];
    };
  };
  const [inputBar, outputBar] = [bars(input.histogram), bars(output.histogram)];
  const rows = shown.map((power) => [`${whole(2 ** power)}–${whole(2 ** (power + 1) - 1)}`, ...inputBar(power), ...outputBar(power)]);
  const padded = ['tokens', 'input'.padEnd(barColumns), 'requests', 'output'.padEnd(barColumns), 'requests'];
  return [table(padded, rows, { align: ['right', 'left', 'right', 'left', 'right'] })];
}

const parts = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** A bar of `share` of the full width, in eighths of a column; at least a sliver for anything above nothing. */
function bar(share: number): string {
  const steps = share === 0 ? 0 : Math.max(1, Math.round(share * barColumns * 8));
  return '█'.repeat(Math.floor(steps / 8)) + (parts[steps % 8] ?? '');
}
