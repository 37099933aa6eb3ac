import type { Line, Section, TimeChart } from './block.ts';
import { faultEvents } from './faults.ts';
import type { SeriesPoint, Summary } from './summary.ts';
import { quantity } from './wording.ts';

/** Throughput, latency, queue and memory over simulated time. */
export function timelineSection(summary: Summary): Section {
  const { series, goodput, window } = summary;
  const line = (name: string, y: (point: SeriesPoint) => number): Line => ({ name, points: series.map((point) => ({ x: point.at, y: y(point) })) });
  const late = (name: string, y: (point: SeriesPoint) => number): Line => line(name, (point) => (y(point) > 0 ? y(point) : NaN));
  const limit = (value: number | undefined): TimeChart['limit'] => (value === undefined ? undefined : { value, label: `objective ${quantity(value, 's')}` });
  const charts: readonly TimeChart[] = [
    { caption: 'Output tokens per second', axis: 'output', unit: 'tok/s', lines: [line('output', (p) => p.outputTokensPerSecond)] },
    { caption: 'Input tokens per second', axis: 'input', unit: 'tok/s', lines: [line('input', (p) => p.inputTokensPerSecond)] },
    {
      caption: 'Time to first token',
      axis: 'TTFT',
      unit: 's',
      lines: [late('TTFT p50', (p) => p.ttftP50), late('TTFT p99', (p) => p.ttftP99)],
      limit: limit(goodput.slo.ttft),
    },
    {
      caption: 'Time per output token',
      axis: 'TPOT',
      unit: 's',
      lines: [late('TPOT p50', (p) => p.tpotP50), late('TPOT p99', (p) => p.tpotP99)],
      limit: limit(goodput.slo.tpot),
    },
    { caption: 'Requests in the system', axis: 'requests', unit: 'requests', lines: [line('running', (p) => p.running), line('waiting', (p) => p.waiting)] },
    ...(series.some(({ kv }) => Number.isFinite(kv))
      ? [{ caption: 'KV blocks in use', axis: 'KV blocks', unit: '%', lines: [line('KV blocks', (p) => p.kv * 100)] }]
      : []),
  ];
  return {
    title: 'Over time',
    blocks:
      series.length === 0
        ? []
        : [{ kind: 'timeline', charts, window: window.to > window.from ? { from: window.from, to: window.to } : undefined, events: faultEvents(summary) }],
  };
}
