import type { Block, QuantileChart, Section } from './block.ts';
import { columns, row } from './cells.ts';
import type { Distribution, Summary } from './summary.ts';
import { count, percent, quantity } from './wording.ts';

const quantiles = ['p50', 'p90', 'p95', 'p99', 'max'] as const;

export interface Latency {
  readonly name: string;
  /** In full, and as it reads behind the name. */
  readonly long: string;
  readonly short: string;
  readonly of: (summary: Summary) => Distribution;
  readonly limit: (summary: Summary) => number | undefined;
}

/** The four latencies, with what each is called in full. */
export const latencies: readonly Latency[] = [
  { name: 'TTFT', long: 'Time to first token', short: 'to first token', of: ({ latency }) => latency.ttft, limit: ({ goodput }) => goodput.slo.ttft },
  { name: 'TPOT', long: 'Time per output token', short: 'per output token', of: ({ latency }) => latency.tpot, limit: ({ goodput }) => goodput.slo.tpot },
  { name: 'ITL', long: 'Gap between tokens', short: 'between tokens', of: ({ latency }) => latency.itl, limit: () => undefined },
  { name: 'E2E', long: 'Whole request', short: 'whole request', of: ({ latency }) => latency.e2e, limit: ({ goodput }) => goodput.slo.e2e },
];

/** One latency by quantile, a line per named run. The objective is drawn where all runs share it. */
export function quantileChart(latency: Latency, runs: readonly { readonly name: string; readonly summary: Summary }[]): QuantileChart {
  const limits = runs.map(({ summary }) => latency.limit(summary));
  const limit = limits[0];
  return {
    caption: `${latency.long} (${latency.name}) by percentile`,
    lines: runs.map(({ name, summary }) => ({ name, values: quantiles.map((quantile) => ({ quantile, value: latency.of(summary)[quantile] })) })),
    limit: limit !== undefined && limits.every((other) => other === limit) ? { value: limit, label: `objective ${quantity(limit, 's')}` } : undefined,
  };
}

/** TTFT, TPOT, ITL and E2E by percentile. */
export function latencySection(summary: Summary): Section {
  const { firstToken, quantileError } = summary.latency;
  const table: Block = {
    kind: 'table',
    caption: 'Latency of the requests that finished in the steady window',
    columns: columns(['', '', 'mean', ...quantiles, 'objective', 'measured on'], 2),
    rows: latencies.map((latency) => {
      const d = latency.of(summary);
      const cells = d.count > 0 ? [d.mean, ...quantiles.map((q) => d[q])] : [NaN, ...quantiles.map(() => NaN)];
      const limit = latency.limit(summary);
      return row(
        latency.name,
        latency.short,
        ...cells.map((value) => quantity(value, 's')),
        limit === undefined ? '' : `≤ ${quantity(limit, 's')}`,
        count(d.count, latency.name === 'ITL' ? 'gap' : 'request'),
      );
    }),
  };
  const first =
    summary.trust === undefined
      ? 'Times are those of the client, which the network and the client itself are part of.'
      : !summary.pools.some(({ role }) => role === 'decode')
        ? ''
        : firstToken === 'prefill'
          ? 'The first token leaves from prefill.'
          : 'The first token leaves from decode, so TTFT includes moving the KV to it.';
  return {
    title: 'Latency',
    blocks: [
      table,
      { kind: 'sentences', tone: 'plain', lines: [`${first} Quantiles are within ${percent(quantileError)} of the exact ones.`.trim()] },
      ...(latencies.some((latency) => latency.of(summary).count > 0)
        ? [{ kind: 'quantiles' as const, charts: latencies.map((latency) => quantileChart(latency, [{ name: latency.name, summary }])) }]
        : []),
    ],
  };
}
