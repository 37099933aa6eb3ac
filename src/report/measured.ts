import { QUANTILE_ERROR } from '../kernel/sketch.ts';
import type { Metrics } from '../serving/metrics.ts';
import type { ServiceLevel } from '../serving/scenario.ts';
import type { Workload } from '../serving/traffic/workload.ts';
import { distribution, goodput, seriesPoint } from './figures.ts';
import { hashOf } from './hash.ts';
import type { Summary } from './summary.ts';
import { trafficText } from './traffic.ts';
import { steadyWindow } from './window.ts';

/** What a client saw of a server. Times count from the first request. */
export interface MeasuredRun {
  readonly name: string;
  /** Where the server is, and the model that was asked for. */
  readonly server: string;
  readonly model: string;
  readonly workload: Workload;
  readonly slo: ServiceLevel;
  readonly seed: number;
  /** Requests by what became of them; of its pools there are none. */
  readonly metrics: Metrics;
  readonly requests: Summary['requests'];
  readonly lastArrivalAt: number;
  readonly endedAt: number;
  /** Prompt tokens that the server says it had cached; undefined where it says nothing. */
  readonly cachedTokens: number | undefined;
}

/**
 * A measured server as a summary, by the rules of simulated runs: the same window, the same quantiles. What a client cannot see is absent, empty, or
 * NaN: the machine, its pools and planes, power and cost, and what the figures of a twin stand on.
 */
export function measuredSummary(run: MeasuredRun, version: string): Summary {
  const { metrics, slo, requests, workload, seed } = run;
  metrics.count(run.endedAt);
  const window = steadyWindow(metrics, run.lastArrivalAt, run.endedAt, 0);
  const { total } = window;
  const length = window.to - window.from;
  const rate = (count: number): number => (length > 0 ? count / length : 0);
  const all = metrics.intervals.reduce((sum, interval) => sum + interval.inputTokens, 0);
  return {
    scenario: run.name,
    machine: { name: run.server, title: `server at ${run.server}`, chip: '', chipWord: 'chip', chips: 0, chipsUsed: NaN },
    model: { name: run.model, parameters: 0, activeParameters: 0 },
    precision: '',
    stack: '',
    workload: trafficText(workload, requests.arrived),
    seed,
    requests,
    duration: run.endedAt,
    window: { from: window.from, to: window.to, residences: window.residences, steady: window.steady, note: window.note },
    saturation: { saturated: window.saturated, note: window.saturation },
    throughput: {
      requests: rate(total.finished),
      inputTokens: rate(total.inputServed),
      outputTokens: rate(total.outputServed),
      inputTokensPerPrefillChip: NaN,
      outputTokensPerDecodeChip: NaN,
      tokensPerChip: NaN,
    },
    latency: {
      ttft: distribution(total.ttft),
      tpot: distribution(total.tpot),
      itl: distribution(total.itl),
      e2e: distribution(total.e2e),
      firstToken: 'decode',
      quantileError: QUANTILE_ERROR,
    },
    goodput: goodput(total, slo, rate(total.good)),
    pools: [],
    planes: [],
    faults: [],
    balances: [],
    cache:
      run.cachedTokens === undefined
        ? undefined
        : { hitShare: all > 0 ? run.cachedTokens / all : 0, lookups: requests.finished, tokensHit: run.cachedTokens, capacity: 0, used: 0, evictions: 0 },
    requestShares: [],
    limit: { resource: '', utilisation: NaN, note: '' },
    cost: { note: 'a client does not see what a server draws and costs' },
    series: metrics.intervals.map((interval, i) => seriesPoint(interval, i, metrics.width, Number.NaN)),
    doubts: [],
    reproduce: { version, scenarioHash: hashOf([workload.kind, workload.name, workload.requests, seed]), calibrationHash: 'none', seed },
  };
}
