import type { Doubt } from '../../base/doubt.ts';
import { QUANTILE_ERROR, Sketch, type SketchData } from '../../kernel/sketch.ts';
import type { Split } from '../../serving/traffic/split.ts';
import { distribution, goodput } from '../figures.ts';
import type { Distribution, Summary } from '../summary.ts';
import { mergedSeries, type MergedPoint } from './series.ts';
import type { Shard, ShardWindow } from './shard.ts';

/** Instances of a pool that came and went, over all machines. */
export interface MergedPool {
  readonly name: string;
  /** With dies, on all machines together, as a mean over time. */
  readonly mean: number;
  readonly started: number;
  readonly drained: number;
}

/** What the machines of a fleet came to together. SI units; rates and latencies are those of each machine's steady window. */
export interface MergedSummary {
  readonly scenario: string;
  readonly fleet: {
    readonly machines: number;
    readonly split: Split;
    /** Machines whose runs were finished; all figures are about them. */
    readonly done: number;
  };
  readonly workload: string;
  readonly requests: Summary['requests'];
  /** From the first arrival to the last event of any machine. [s] */
  readonly duration: number;
  readonly chipsUsed: number;
  readonly throughput: { readonly requests: number; readonly inputTokens: number; readonly outputTokens: number; readonly outputTokensPerChip: number };
  readonly latency: {
    readonly ttft: Distribution;
    readonly tpot: Distribution;
    readonly itl: Distribution;
    readonly e2e: Distribution;
    readonly quantileError: number;
  };
  readonly goodput: Summary['goodput'];
  readonly cost: { readonly power?: number | undefined; readonly joulesPerToken?: number | undefined; readonly dollarsPerMillionTokens?: number | undefined };
  /** What control loops did on all machines; absent without. */
  readonly control?:
    | { readonly pools: readonly MergedPool[]; readonly chipSeconds: number; readonly joules: number; readonly outputTokens: number }
    | undefined;
  readonly series: readonly MergedPoint[];
  readonly doubts: readonly Doubt[];
  /** Of each machine that is done, in their order. */
  readonly machines: readonly Summary[];
  readonly reproduce: Summary['reproduce'];
}

/** What all machines are of. */
export interface MergedFrom {
  readonly scenario: string;
  readonly machines: number;
  readonly split: Split;
  readonly workload: string;
  readonly reproduce: Summary['reproduce'];
}

/** Shards of a fleet as one. @param shards at least one; those of machines that are not done are left out */
export function mergeShards(from: MergedFrom, shards: readonly Shard[]): MergedSummary {
  const summaries = shards.map(({ summary }) => summary);
  const windows = shards.map(({ window }) => window);
  const add = (of: (summary: Summary) => number): number => summaries.reduce((sum, summary) => sum + of(summary), 0);
  const inWindows = (of: (window: ShardWindow) => number): number => windows.reduce((sum, window) => sum + of(window), 0);
  const missed = (name: keyof ShardWindow['missed']): number => inWindows((window) => window.missed[name]);
  const outputTokens = add(({ throughput }) => throughput.outputTokens);
  const chipsUsed = add(({ machine }) => machine.chipsUsed);
  const slo = summaries[0]?.goodput.slo ?? {};
  return {
    scenario: from.scenario,
    fleet: { machines: from.machines, split: from.split, done: shards.length },
    workload: from.workload,
    requests: requestsOf(summaries),
    duration: summaries.reduce((most, { duration }) => Math.max(most, duration), 0),
    chipsUsed,
    throughput: {
      requests: add(({ throughput }) => throughput.requests),
      inputTokens: add(({ throughput }) => throughput.inputTokens),
      outputTokens,
      outputTokensPerChip: outputTokens / chipsUsed,
    },
    latency: {
      ttft: merged(windows, ({ ttft }) => ttft),
      tpot: merged(windows, ({ tpot }) => tpot),
      itl: merged(windows, ({ itl }) => itl),
      e2e: merged(windows, ({ e2e }) => e2e),
      quantileError: QUANTILE_ERROR,
    },
    goodput: goodput(
      {
        finished: inWindows(({ finished }) => finished),
        rejected: add((summary) => summary.goodput.lost?.rejected ?? 0),
        failed: add((summary) => summary.goodput.lost?.failed ?? 0),
        good: inWindows(({ good }) => good),
        missed: { ttft: missed('ttft'), tpot: missed('tpot'), e2e: missed('e2e') },
      },
      slo,
      add((summary) => summary.goodput.requestsPerSecond),
    ),
    cost: costOf(summaries, outputTokens),
    control: controlOf(summaries),
    series: mergedSeries(summaries),
    doubts: [...new Map(summaries.flatMap(({ doubts }) => doubts).map((doubt) => [`${doubt.rule} ${doubt.where}`, doubt])).values()],
    machines: summaries,
    reproduce: from.reproduce,
  };
}

function merged(windows: readonly ShardWindow[], of: (window: ShardWindow) => SketchData): Distribution {
  const all = new Sketch();
  for (const window of windows) all.merge(Sketch.of(of(window)));
  return distribution(all);
}

function requestsOf(summaries: readonly Summary[]): Summary['requests'] {
  const add = (of: (requests: Summary['requests']) => number): number => summaries.reduce((sum, { requests }) => sum + of(requests), 0);
  const causes = new Map<string, number>();
  for (const { requests } of summaries) for (const { cause, count } of requests.causes) causes.set(cause, (causes.get(cause) ?? 0) + count);
  return {
    arrived: add(({ arrived }) => arrived),
    finished: add(({ finished }) => finished),
    rejected: add(({ rejected }) => rejected),
    failed: add(({ failed }) => failed),
    running: add(({ running }) => running),
    waiting: add(({ waiting }) => waiting),
    causes: [...causes].map(([cause, count]) => ({ cause, count })),
  };
}

/** Power adds up; what a token takes is weighted by the tokens. Absent where a machine does not have it. */
function costOf(summaries: readonly Summary[], outputTokens: number): MergedSummary['cost'] {
  const sum = (of: (summary: Summary) => number | undefined): number | undefined =>
    summaries.reduce<number | undefined>((total, summary) => {
      const one = of(summary);
      return total === undefined || one === undefined ? undefined : total + one;
    }, 0);
  const power = sum(({ cost }) => cost.power);
  const dollars = sum(({ cost, throughput }) =>
    cost.dollarsPerMillionTokens === undefined ? undefined : cost.dollarsPerMillionTokens * throughput.outputTokens,
  );
  const perToken = (rate: number | undefined): number | undefined => (rate === undefined || outputTokens === 0 ? undefined : rate / outputTokens);
  return { power, joulesPerToken: perToken(power), dollarsPerMillionTokens: perToken(dollars) };
}

function controlOf(summaries: readonly Summary[]): MergedSummary['control'] {
  const controls = summaries.flatMap(({ control }) => control ?? []);
  const [first] = controls;
  if (first === undefined) return undefined;
  const add = (of: (control: NonNullable<Summary['control']>) => number): number => controls.reduce((sum, control) => sum + of(control), 0);
  return {
    pools: first.pools.map(({ name }, p) => ({
      name,
      mean: add(({ pools }) => pools[p]?.mean ?? 0),
      started: add(({ pools }) => pools[p]?.started ?? 0),
      drained: add(({ pools }) => pools[p]?.drained ?? 0),
    })),
    chipSeconds: add(({ chipSeconds }) => chipSeconds),
    joules: add(({ joules }) => joules),
    outputTokens: add((control) => control.outputTokens),
  };
}
