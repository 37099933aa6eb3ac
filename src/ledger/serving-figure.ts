import { unreachable } from '../base/errors.ts';
import type { Sketch } from '../kernel/sketch.ts';
import { summarise } from '../report/summarise.ts';
import type { Run } from '../serving/deploy.ts';
import { Interval } from '../serving/metrics.ts';
import type { Unit } from './measure.ts';

/** Figures of a run that benchmarks publish. */
export const servingFigures = [
  'ttft-mean',
  'ttft-p50',
  'ttft-p99',
  'tpot-mean',
  'tpot-p50',
  'tpot-p99',
  'itl-mean',
  'e2e-mean',
  'input-tokens-per-second',
  'output-tokens-per-second',
  'output-tokens-per-second-per-chip',
  'tokens-per-second-per-chip',
  'power',
  'output-tokens-per-joule',
] as const;
export type ServingFigure = (typeof servingFigures)[number];

export function unitOfServing(figure: ServingFigure): Unit {
  if (figure === 'power') return 'W';
  if (figure === 'output-tokens-per-joule') return 'tok/J';
  return figure.includes('tokens-per-second') ? 'tok/s' : 's';
}

/** Part of a run that a figure is taken over: its steady window, or all of it, start and end included, as benchmark clients count. */
export const servingSpans = ['window', 'run'] as const;
export type ServingSpan = (typeof servingSpans)[number];

interface Latency {
  readonly mean: number;
  readonly p50: number;
  readonly p99: number;
}

/** What figures are made of. */
interface Readings {
  readonly latency: Readonly<Record<'ttft' | 'tpot' | 'itl' | 'e2e', Latency>>;
  /** [1/s] */
  readonly input: number;
  readonly output: number;
  readonly chips: number;
  /** [W] */
  readonly power: number;
}

/** A figure of a run that has ended; NaN where the run has none. */
export function servingValue(figure: ServingFigure, span: ServingSpan, run: Run): number {
  const { latency, input, output, chips, power } = readingsOf(run, span);
  switch (figure) {
    case 'ttft-mean':
      return latency.ttft.mean;
    case 'ttft-p50':
      return latency.ttft.p50;
    case 'ttft-p99':
      return latency.ttft.p99;
    case 'tpot-mean':
      return latency.tpot.mean;
    case 'tpot-p50':
      return latency.tpot.p50;
    case 'tpot-p99':
      return latency.tpot.p99;
    case 'itl-mean':
      return latency.itl.mean;
    case 'e2e-mean':
      return latency.e2e.mean;
    case 'input-tokens-per-second':
      return input;
    case 'output-tokens-per-second':
      return output;
    case 'output-tokens-per-second-per-chip':
      return output / chips;
    case 'tokens-per-second-per-chip':
      return (input + output) / chips;
    case 'power':
      return power;
    case 'output-tokens-per-joule':
      return output / power;
    default:
      return unreachable(figure);
  }
}

function readingsOf(run: Run, span: ServingSpan): Readings {
  const { latency, throughput, machine, cost, duration } = summarise(run, '');
  const rest = { chips: machine.chipsUsed, power: cost.power ?? Number.NaN };
  if (span === 'window') return { latency, input: throughput.inputTokens, output: throughput.outputTokens, ...rest };
  const all = new Interval(run.deployed.pools.length);
  for (const interval of run.simulation.metrics.intervals) all.merge(interval);
  return {
    latency: { ttft: latencyOf(all.ttft), tpot: latencyOf(all.tpot), itl: latencyOf(all.itl), e2e: latencyOf(all.e2e) },
    input: all.inputServed / duration,
    output: all.outputServed / duration,
    ...rest,
  };
}

function latencyOf(sketch: Sketch): Latency {
  return { mean: sketch.mean(), p50: sketch.quantile(0.5), p99: sketch.quantile(0.99) };
}
