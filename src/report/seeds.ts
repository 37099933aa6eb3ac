import { studentNinetyFive } from '../kernel/student.ts';
import type { Section } from './block.ts';
import { columns, row } from './cells.ts';
import { headlineValues } from './intervals.ts';
import type { MetricName, Summary } from './summary.ts';
import { count, percent, plain, quantity } from './wording.ts';

/** A headline metric over runs that differ in their seeds alone. */
export interface SeedMetric {
  readonly mean: number;
  /** Standard deviation of one run. */
  readonly deviation: number;
  /** 95 % confidence interval of the mean, by Student's t. */
  readonly low: number;
  readonly high: number;
  /** By seed. */
  readonly values: readonly number[];
}

/** What runs of several seeds came to. */
export interface SeedsSummary {
  readonly seeds: readonly number[];
  /** In the units of the metrics; those that not every run has are left out. */
  readonly metrics: Readonly<Partial<Record<MetricName, SeedMetric>>>;
}

/** @param runs at least two of the same scenario, which differ in their seeds */
export function seedsSummary(runs: readonly Summary[]): SeedsSummary {
  const values = runs.map(headlineValues);
  const names = Object.keys(values[0] ?? {}) as readonly MetricName[];
  const metrics = names.flatMap((name) => {
    const own = values.flatMap((run) => run[name] ?? []);
    return own.length === runs.length ? [[name, metricOf(own)] as const] : [];
  });
  return { seeds: runs.map(({ seed }) => seed), metrics: Object.fromEntries(metrics) };
}

function metricOf(values: readonly number[]): SeedMetric {
  const n = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  const deviation = Math.sqrt(values.reduce((sum, value) => sum + (value - mean) * (value - mean), 0) / (n - 1));
  const away = (studentNinetyFive(n - 1) * deviation) / Math.sqrt(n);
  return { mean, deviation, low: mean - away, high: mean + away, values };
}

const wording: Readonly<Record<MetricName, readonly [label: string, words: (value: number) => string]>> = {
  requestsPerSecond: ['Requests', (value) => plain(value, 'req/s')],
  inputTokensPerSecond: ['Input', (value) => plain(value, 'tok/s')],
  outputTokensPerSecond: ['Output', (value) => plain(value, 'tok/s')],
  ttftP50: ['TTFT p50', (value) => quantity(value, 's')],
  ttftP99: ['TTFT p99', (value) => quantity(value, 's')],
  tpotP50: ['TPOT p50', (value) => quantity(value, 's')],
  tpotP99: ['TPOT p99', (value) => quantity(value, 's')],
  goodput: ['Goodput', (value) => plain(value, 'req/s')],
  goodShare: ['Within the objectives', percent],
  bindingLoad: ['Binding resource', percent],
  power: ['Power', (value) => quantity(value, 'W')],
  joulesPerToken: ['Energy', (value) => quantity(value, 'J/tok')],
  dollarsPerMillionTokens: ['Cost', (value) => plain(value, '$/Mtok')],
};

/** Mean, spread and confidence of each headline metric over the seeds. */
export function seedsSection({ seeds }: Summary): Section | undefined {
  if (seeds === undefined) return undefined;
  const known = (Object.keys(wording) as readonly MetricName[]).flatMap((name) => {
    const metric = seeds.metrics[name];
    return metric === undefined ? [] : [{ metric, label: wording[name][0], words: wording[name][1] }];
  });
  return {
    title: 'Over seeds',
    blocks: [
      {
        kind: 'table',
        caption: `Means of ${count(seeds.seeds.length, 'run')} that differ in their seeds, ${seeds.seeds[0]} to ${seeds.seeds.at(-1)}`,
        columns: columns(['', 'mean', '95 % confidence', 'of one run', 'least', 'most']),
        rows: known.map(({ label, metric, words }) =>
          row(
            label,
            words(metric.mean),
            `± ${words(metric.high - metric.mean)}`,
            `± ${words(metric.deviation)}`,
            words(metric.values.reduce((least, value) => Math.min(least, value), Infinity)),
            words(metric.values.reduce((most, value) => Math.max(most, value), -Infinity)),
          ),
        ),
      },
      {
        kind: 'sentences',
        tone: 'plain',
        lines: [
          'This is what chance in the traffic does, by Student\u2019s t. What is not known of chips, links and loads is apart from it: that is what 80 % intervals tell. All other figures are of the first seed.',
        ],
      },
    ],
  };
}
