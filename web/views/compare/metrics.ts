import type { MetricInterval, Summary } from '../../../src/report/summary.ts';

/** What is drawn of a run: a figure, and its 80 % interval where it is there. */
export interface Drawn {
  readonly value: number;
  readonly low?: number | undefined;
  readonly high?: number | undefined;
}

export const metricNames = ['user', 'chip', 'dollar', 'megawatt', 'ttft', 'tpot', 'joule', 'goodput'] as const;
export type MetricName = (typeof metricNames)[number];

/** Whether more is better. */
export const moreIsBetter: Readonly<Record<MetricName, boolean>> = {
  user: true,
  chip: true,
  dollar: true,
  megawatt: true,
  ttft: false,
  tpot: false,
  joule: false,
  goodput: true,
};

/** A metric of a run; undefined where the run has no such figure. */
export function metricOf(summary: Summary, name: MetricName): Drawn | undefined {
  const { throughput, machine, latency, cost, goodput, intervals } = summary;
  const { tpotP50, ttftP99, outputTokensPerSecond, dollarsPerMillionTokens, joulesPerToken, goodput: good } = intervals?.metrics ?? {};
  const [tpot, output, dollars, joules] = [
    latency.tpot.count > 0 ? latency.tpot.p50 : undefined,
    throughput.outputTokens,
    cost.dollarsPerMillionTokens,
    cost.joulesPerToken,
  ];
  switch (name) {
    case 'user':
      return inverse(tpot, tpotP50, 1);
    case 'chip':
      return scaled(output, outputTokensPerSecond, 1 / machine.chipsUsed);
    case 'dollar':
      return inverse(dollars, dollarsPerMillionTokens, 1e6);
    case 'megawatt':
      // A watt is a joule a second: tokens per second and megawatt are those of a megajoule.
      return cost.tokensPerSecondPerMegawatt === undefined ? undefined : { ...inverse(joules, joulesPerToken, 1e6), value: cost.tokensPerSecondPerMegawatt };
    case 'ttft':
      return scaled(latency.ttft.count > 0 ? latency.ttft.p99 : undefined, ttftP99, 1);
    case 'tpot':
      return scaled(tpot, tpotP50, 1);
    case 'joule':
      return scaled(joules, joulesPerToken, 1);
    case 'goodput':
      return scaled(goodput.requestsPerSecond, good, 1);
  }
}

function scaled(value: number | undefined, interval: MetricInterval | undefined, factor: number): Drawn | undefined {
  if (value === undefined || !Number.isFinite(value)) return undefined;
  return {
    value: value * factor,
    low: interval === undefined ? undefined : interval.low * factor,
    high: interval === undefined ? undefined : interval.high * factor,
  };
}

function inverse(value: number | undefined, interval: MetricInterval | undefined, factor: number): Drawn | undefined {
  if (value === undefined || !(value > 0)) return undefined;
  return {
    value: factor / value,
    low: interval === undefined ? undefined : factor / interval.high,
    high: interval === undefined ? undefined : factor / interval.low,
  };
}
