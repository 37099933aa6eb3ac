import { assert } from '../base/errors.ts';
import type { Block, Cell, Report, Section } from './block.ts';
import { bar } from './cells.ts';
import { latencies, quantileChart } from './latencies.ts';
import { energyGroups, type EnergyGroup } from './energy/sources.ts';
import { factsOf, objective, verdictOf } from './overview.ts';
import { fewestSamples, intervalOf } from '../cost/uncertainty/interval.ts';
import { groupNames } from './power.ts';
import type { MetricInterval, MetricName, Summary } from './summary.ts';
import { doubtLines, reproduceLine } from './trust.ts';
import { change, count, list, percent, plain, points, quantity, range, unknown } from './wording.ts';

interface Metric {
  readonly name: string;
  readonly of: (summary: Summary) => number | undefined;
  readonly words: (value: number | undefined) => string;
  /** How the difference to the first run is worded; relative where nothing else is said. */
  readonly difference?: (from: number | undefined, to: number | undefined) => string | undefined;
  readonly better?: 'more' | 'less';
  /** The headline whose interval it has. */
  readonly interval?: MetricName | undefined;
}

const seconds = (value: number | undefined): string => quantity(value, 's');
const tokens = (value: number | undefined): string => plain(value, 'tok/s');
const perSecond = (value: number | undefined): string => plain(value, 'req/s');

const watts = (value: number | undefined): string => quantity(value, 'W');

/** What a group of parts has of the power; nothing where the run has no such part. */
function shareOf({ energy }: Summary, group: EnergyGroup): number | undefined {
  const own = energy?.parts.filter((part) => part.group === group) ?? [];
  return energy === undefined || own.length === 0 ? undefined : own.reduce((sum, part) => sum + part.watts, 0) / energy.mean;
}

/** Share of the power that figures of makers or measurements give, or bound from above. */
function onFigures({ energy }: Summary): number | undefined {
  return energy === undefined ? undefined : energy.coverage.known + energy.coverage.bounded;
}

function perDollar({ cost }: Summary): number | undefined {
  return cost.dollarsPerMillionTokens === undefined ? undefined : 1e6 / cost.dollarsPerMillionTokens;
}

const quantiles: Readonly<Record<string, MetricName>> = { 'TTFT p50': 'ttftP50', 'TTFT p99': 'ttftP99', 'TPOT p50': 'tpotP50', 'TPOT p99': 'tpotP99' };

const groups: readonly { readonly title: string; readonly metrics: readonly Metric[] }[] = [
  {
    title: 'Throughput',
    metrics: [
      { name: 'output', of: ({ throughput }) => throughput.outputTokens, words: tokens, better: 'more', interval: 'outputTokensPerSecond' },
      { name: 'input', of: ({ throughput }) => throughput.inputTokens, words: tokens, better: 'more', interval: 'inputTokensPerSecond' },
      { name: 'requests', of: ({ throughput }) => throughput.requests, words: perSecond, better: 'more', interval: 'requestsPerSecond' },
      { name: 'goodput', of: ({ goodput }) => goodput.requestsPerSecond, words: perSecond, better: 'more', interval: 'goodput' },
      { name: 'meet the objective', of: ({ goodput }) => goodput.share, words: percent, difference: points, better: 'more', interval: 'goodShare' },
    ],
  },
  {
    title: 'Per chip, per watt, per dollar',
    metrics: [
      { name: 'chips in use', of: ({ machine }) => machine.chipsUsed, words: (value) => plain(value, 'chips'), better: 'less' },
      { name: 'output per chip in use', of: ({ throughput, machine }) => throughput.outputTokens / machine.chipsUsed, words: tokens, better: 'more' },
      { name: 'output per decode chip', of: ({ throughput }) => throughput.outputTokensPerDecodeChip, words: tokens, better: 'more' },
      { name: 'input per prefill chip', of: ({ throughput }) => throughput.inputTokensPerPrefillChip, words: tokens, better: 'more' },
      { name: 'goodput per chip in use', of: ({ goodput, machine }) => goodput.requestsPerSecond / machine.chipsUsed, words: perSecond, better: 'more' },
      { name: 'output per megawatt', of: ({ cost }) => cost.tokensPerSecondPerMegawatt, words: (value) => plain(value, 'tok/s/MW'), better: 'more' },
      {
        name: 'energy per output token',
        of: ({ cost }) => cost.joulesPerToken,
        words: (value) => plain(value, 'J/tok'),
        better: 'less',
        interval: 'joulesPerToken',
      },
      { name: 'energy per token, all', of: ({ cost }) => cost.joulesPerTotalToken, words: (value) => plain(value, 'J/tok'), better: 'less' },
      { name: 'output tokens per dollar', of: perDollar, words: (value) => plain(value, 'tok/$'), better: 'more' },
      {
        name: 'cost of output tokens',
        of: ({ cost }) => cost.dollarsPerMillionTokens,
        words: (value) => plain(value, '$/Mtok'),
        better: 'less',
        interval: 'dollarsPerMillionTokens',
      },
      { name: 'cost as owned', of: ({ cost }) => cost.dollarsPerMillionTokensOwned, words: (value) => plain(value, '$/Mtok'), better: 'less' },
    ],
  },
  {
    title: 'Power',
    metrics: [
      { name: 'mean power', of: ({ cost }) => cost.power, words: watts, better: 'less', interval: 'power' },
      { name: 'highest interval', of: ({ cost }) => cost.peakPower, words: watts, better: 'less' },
      { name: 'mean per chip in use', of: ({ cost, machine }) => (cost.power === undefined ? undefined : cost.power / machine.chipsUsed), words: watts },
      ...energyGroups.map((group): Metric => ({
        name: `  ${groupNames[group]}`,
        of: (summary) => shareOf(summary, group),
        words: percent,
        difference: points,
      })),
      { name: 'on figures that are known', of: onFigures, words: percent, difference: points, better: 'more' },
    ],
  },
  {
    title: 'Latency',
    metrics: latencies.flatMap(({ name, of }): readonly Metric[] => [
      {
        name: `${name} p50`,
        of: (summary) => (of(summary).count > 0 ? of(summary).p50 : undefined),
        words: seconds,
        better: 'less',
        interval: quantiles[`${name} p50`],
      },
      {
        name: `${name} p99`,
        of: (summary) => (of(summary).count > 0 ? of(summary).p99 : undefined),
        words: seconds,
        better: 'less',
        interval: quantiles[`${name} p99`],
      },
    ]),
  },
  {
    title: 'What binds',
    metrics: [
      { name: 'binding resource used', of: ({ limit }) => limit.utilisation, words: percent, difference: points },
      { name: 'prefix cache hits', of: ({ cache }) => cache?.hitShare, words: percent, difference: points },
    ],
  },
];

/** Names of the runs, made distinct where two scenarios are called the same. */
function namesOf(summaries: readonly Summary[]): readonly string[] {
  const names = summaries.map(({ scenario }) => scenario);
  return names.map((name, index) =>
    names.indexOf(name) === names.lastIndexOf(name) ? name : `${name} (${names.slice(0, index + 1).filter((other) => other === name).length})`,
  );
}

/** The interval of the first run; of the others the difference to it, and how far that may be off. */
function noteOf(metric: Metric, summaries: readonly Summary[], index: number): string | undefined {
  const [first, other] = [summaries[0], summaries[index]];
  if (first === undefined || other === undefined) return undefined;
  const [from, to] = [metric.of(first), metric.of(other)];
  const intervalOfRun = ({ intervals }: Summary): MetricInterval | undefined =>
    metric.interval === undefined ? undefined : intervals?.metrics[metric.interval];
  const [own, theirs] = [intervalOfRun(first), intervalOfRun(other)];
  if (index === 0) return own === undefined ? undefined : range(own, metric.words);
  const worded = metric.difference ?? change;
  const difference = worded(from, to);
  if (difference === undefined || own === undefined || theirs === undefined || from === undefined || to === undefined) return difference;
  // Samples of one seed share what is not known of chips, links and traffic: what both runs have in common does not blur their difference.
  const paired = first.seed === other.seed && own.samples.length === theirs.samples.length && own.samples.length >= fewestSamples;
  if (!paired) return `${difference}, intervals ${own.low <= theirs.high && theirs.low <= own.high ? 'overlap' : 'apart'}`;
  const relative = metric.difference === undefined;
  const [none, point] = relative ? [1, to / from] : [0, to - from];
  const { low, high } = intervalOf(
    point,
    theirs.samples.map((value, k) => (relative ? value / (own.samples[k] ?? value) : value - (own.samples[k] ?? value))),
  );
  const [least, most] = [worded(none, low), worded(none, high)];
  if (least === undefined || most === undefined) return difference;
  return `${difference}, ${range({ low, high }, (end) => (end === low ? least : most))}${low < none && high > none ? ': either way' : ''}`;
}

function metricRow(metric: Metric, summaries: readonly Summary[]): readonly Cell[] {
  const values = summaries.map((summary) => metric.of(summary));
  const finite = values.filter((value) => value !== undefined && Number.isFinite(value)) as readonly number[];
  const best = metric.better === undefined || finite.length < 2 ? undefined : metric.better === 'more' ? Math.max(...finite) : Math.min(...finite);
  const distinct = finite.some((value) => value !== best);
  const cells = values.map((value, index): Cell => {
    const text = metric.words(value);
    return {
      text,
      note: text === unknown ? undefined : noteOf(metric, summaries, index),
      best: distinct && value !== undefined && value === best,
    };
  });
  return [{ text: metric.name }, ...cells];
}

function limitRow(summaries: readonly Summary[]): readonly Cell[] {
  return [{ text: 'binding resource' }, ...summaries.map(({ limit }) => ({ text: limit.resource === '' ? unknown : limit.resource }))];
}

/** What makes the runs differ in more than the machine, so that the reader does not take it for the machine's doing. */
function caveats(summaries: readonly Summary[]): readonly string[] {
  const differ: readonly [string, (summary: Summary) => string][] = [
    ['models', ({ model }) => model.name],
    ['precisions', ({ precision }) => precision],
    ['traffic', ({ workload }) => workload],
    ['objectives', ({ goodput }) => objective(goodput.slo) ?? ''],
    ['seeds', ({ seed }) => String(seed)],
  ];
  const names = differ.filter(([, of]) => new Set(summaries.map(of).filter((text) => text !== '')).size > 1).map(([name]) => name);
  return [
    ...(names.length === 0 ? [] : [`The runs differ in their ${list(names)} too.`]),
    ...summaries
      .filter(({ saturation }) => saturation.saturated)
      .map(({ scenario }) => `${scenario} is saturated: its latencies grow with the length of the run.`),
    ...priceCaveat(summaries),
    ...summaries.filter(({ window }) => !window.steady).map(({ scenario }) => `${scenario} did not reach a steady state.`),
  ];
}

/** Costs are only alike where all prices are of one kind. */
function priceCaveat(summaries: readonly Summary[]): readonly string[] {
  const of = (basis: Summary['cost']['basis']): readonly string[] => summaries.filter(({ cost }) => cost.basis === basis).map(({ scenario }) => scenario);
  const [rented, owned] = [of('hourly'), of('owned')];
  if (rented.length === 0 || owned.length === 0) return [];
  return [`${list(rented)} cost what an hour does, ${list(owned)} what owning takes: the row of owned machines is on one footing.`];
}

function barsOf(caption: string, metric: Metric, names: readonly string[], summaries: readonly Summary[]): Block | undefined {
  const values = summaries.map((summary) => metric.of(summary) ?? NaN);
  const longest = Math.max(...values.filter((value) => Number.isFinite(value)), 0);
  if (longest === 0) return undefined;
  return {
    kind: 'bars',
    caption,
    rows: values.map((value, index) => bar(names[index] ?? '', value / longest, metric.words(value), index === 0 ? '' : (change(values[0], value) ?? ''))),
  };
}

/**
 * Puts runs beside one another: figures per chip, per watt and per dollar, the best of each row marked, differences to the first.
 * @param summaries up to four; one alone where the others were not reached.
 */
export function comparisonOf(summaries: readonly Summary[]): Report {
  assert(summaries.length >= 1 && summaries.length <= 4, 'a comparison takes one to four runs');
  const names = namesOf(summaries);
  const runs = summaries.map((summary, index) => ({ name: names[index] ?? '', summary }));
  const tables = groups.map(({ title, metrics }): Section => {
    const rows = metrics.map((metric) => metricRow(metric, summaries)).filter((cells) => cells.slice(1).some(({ text }) => text !== unknown));
    const table: Block = {
      kind: 'table',
      caption: `${title}, with the difference to ${names[0] ?? ''}`,
      columns: [{ title: '', align: 'left' }, ...names.map((name) => ({ title: name, align: 'right' as const }))],
      rows: title === 'What binds' ? [limitRow(summaries), ...rows] : rows,
    };
    return { title, blocks: [table] };
  });
  const charts = ['output per chip in use', 'output per megawatt', 'output tokens per dollar'].flatMap((name) => {
    const metric = groups.flatMap(({ metrics }) => metrics).find((candidate) => candidate.name === name);
    const block = metric === undefined ? undefined : barsOf(`${name[0]?.toUpperCase() ?? ''}${name.slice(1)}`, metric, names, summaries);
    return block === undefined ? [] : [block];
  });
  const withLatency = runs.filter(({ summary }) => summary.latency.e2e.count > 0);
  const sections = tables.map((section): Section => {
    if (section.title === 'Per chip, per watt, per dollar') return { ...section, blocks: [...section.blocks, ...charts] };
    if (section.title === 'Latency' && withLatency.length > 0)
      return { ...section, blocks: [...section.blocks, { kind: 'quantiles', charts: latencies.map((latency) => quantileChart(latency, withLatency)) }] };
    return section;
  });
  const cautions = caveats(runs.map(({ name, summary }) => ({ ...summary, scenario: name })));
  return {
    title: list(names),
    subtitle: `${count(summaries.length, 'run')} side by side`,
    verdict: cautions,
    facts: runs.map(({ name, summary }) => ({
      label: name,
      lines: [
        ...factsOf(summary)
          .flatMap(({ lines }) => lines.slice(0, 1))
          .slice(0, 2),
        ...verdictOf(summary).slice(0, summary.cutShort === undefined ? 1 : 2),
      ],
    })),
    headlines: [],
    sections: [
      ...sections,
      {
        title: 'Doubts',
        blocks: runs.map(({ name, summary }) => ({
          kind: 'sentences',
          tone: summary.doubts.length === 0 ? 'plain' : 'warn',
          lines: summary.doubts.length === 0 ? [`${name}: none.`] : doubtLines(summary.doubts).map((line) => `${name}: ${line}`),
        })),
      },
    ],
    reproduce: summaries.map(reproduceLine),
  };
}
