import { unreachable } from '../base/errors.ts';
import type { Summary } from '../report/summary.ts';
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

/** A figure of a run; NaN where the run has none. */
export function servingValue(figure: ServingFigure, { latency, throughput, machine, cost }: Summary): number {
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
      return throughput.inputTokens;
    case 'output-tokens-per-second':
      return throughput.outputTokens;
    case 'output-tokens-per-second-per-chip':
      return throughput.outputTokens / machine.chipsUsed;
    case 'tokens-per-second-per-chip':
      return (throughput.inputTokens + throughput.outputTokens) / machine.chipsUsed;
    case 'power':
      return cost.power ?? Number.NaN;
    case 'output-tokens-per-joule':
      return cost.joulesPerToken === undefined ? Number.NaN : 1 / cost.joulesPerToken;
    default:
      return unreachable(figure);
  }
}
