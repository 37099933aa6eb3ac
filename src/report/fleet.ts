import { instanceDies } from '../model/layout.ts';
import type { Run } from '../serving/deploy.ts';
import type { Span } from '../serving/control/fleet.ts';
import type { Block, Section } from './block.ts';
import { columns, row } from './cells.ts';
import type { Summary } from './summary.ts';
import { count, percent, plain, quantity } from './wording.ts';

/** Instances of a pool that came and went, over the whole run. */
export interface FleetPoolSummary {
  readonly name: string;
  /** Instances with dies: mean over time, fewest and most. */
  readonly mean: number;
  readonly fewest: number;
  readonly most: number;
  /** Instances that were started and served, those of them whose weights came from the store, and the time from dies to service. [s] */
  readonly started: number;
  readonly cold: number;
  readonly startTime: { readonly mean: number; readonly max: number };
  /** Instances that were drained, and the time that it took them. [s] */
  readonly drained: number;
  readonly drainTime: { readonly mean: number; readonly max: number };
}

/** What control loops did, and what the whole run came to with them. SI units. */
export interface FleetSummary {
  readonly pools: readonly FleetPoolSummary[];
  readonly chipSeconds: number;
  readonly joules: number;
  readonly outputTokens: number;
  /** Requests that met every objective, of those that arrived. */
  readonly goodShare: number;
  /** Instances with dies, by pool, in the middle of each interval. */
  readonly series: readonly { readonly at: number; readonly instances: readonly number[] }[];
}

/** @param shown intervals of the series */
export function fleetSummary(run: Run, joules: number, shown: number): FleetSummary | undefined {
  const { fleet, deployed, simulation, scenario } = run;
  if (fleet === undefined) return undefined;
  const { metrics } = simulation;
  const { at: end, arrived } = simulation.snapshot();
  const chips = deployed.pools.map(({ layout }) => instanceDies(layout) / scenario.machine.chip.dies);
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const powered = deployed.pools.map((_, p) => fleet.poweredSeconds(p, 0, end));
  return {
    pools: deployed.pools.map(({ plant }, p) =>
      poolSummary(
        plant.name,
        fleet.spans.filter(({ pool }) => pool === p),
        end > 0 ? (powered[p] ?? 0) / end : 0,
      ),
    ),
    chipSeconds: sum(powered.map((seconds, p) => seconds * (chips[p] ?? 0))),
    joules,
    outputTokens: sum(metrics.intervals.map(({ outputServed }) => outputServed)),
    goodShare: arrived === 0 ? 0 : sum(metrics.intervals.map(({ good }) => good)) / arrived,
    series: metrics.intervals.slice(0, shown).map((_, i) => {
      const at = (i + 0.5) * metrics.width;
      return { at, instances: deployed.pools.map((__, p) => fleet.spans.filter((span) => span.pool === p && open(span, at)).length) };
    }),
  };
}

function open({ from, to = Infinity }: Span, at: number): boolean {
  return from <= at && at < to;
}

function poolSummary(name: string, spans: readonly Span[], mean: number): FleetPoolSummary {
  const counts = spans.flatMap(({ from, to }) => [from, ...(to === undefined ? [] : [to])]).map((at) => spans.filter((span) => open(span, at)).length);
  const starts = spans.flatMap(({ from, servesFrom, source }) => (source === undefined || servesFrom === undefined ? [] : [servesFrom - from]));
  const drains = spans.flatMap(({ drainsFrom, to }) => (drainsFrom === undefined || to === undefined ? [] : [to - drainsFrom]));
  return {
    name,
    mean,
    fewest: Math.min(...counts),
    most: Math.max(...counts),
    started: starts.length,
    cold: spans.filter(({ source, servesFrom }) => servesFrom !== undefined && source !== undefined && source !== 'host memory').length,
    startTime: meanAndMax(starts),
    drained: drains.length,
    drainTime: meanAndMax(drains),
  };
}

function meanAndMax(times: readonly number[]): { readonly mean: number; readonly max: number } {
  return times.length === 0 ? { mean: 0, max: 0 } : { mean: times.reduce((sum, time) => sum + time, 0) / times.length, max: Math.max(...times) };
}

/** Instances over time, what starting and draining them took, and what the run came to. */
export function fleetSection({ control, machine, window }: Summary): Section | undefined {
  if (control === undefined) return undefined;
  const { pools, series, chipSeconds, joules, outputTokens, goodShare } = control;
  const time = (times: number, { mean, max }: { readonly mean: number; readonly max: number }): string =>
    times === 0 ? '–' : mean === max ? quantity(mean, 's') : `${quantity(mean, 's')}, at most ${quantity(max, 's')}`;
  const blocks: Block[] = [
    {
      kind: 'table',
      caption: 'Instances that came and went, over the whole run',
      columns: columns(['', 'mean', 'fewest', 'most', 'started', 'of them cold', 'until they served', 'drained', 'in']),
      rows: pools.map(({ name, mean, fewest, most, started, cold, startTime, drained, drainTime }) =>
        row(name, plain(mean, ''), ...[fewest, most, started, cold].map((n) => `${n}`), time(started, startTime), `${drained}`, time(drained, drainTime)),
      ),
    },
    {
      kind: 'timeline',
      charts: [
        {
          caption: 'Instances',
          axis: 'instances',
          unit: 'instances',
          lines: pools.map(({ name }, p) => ({ name, points: series.map(({ at, instances }) => ({ x: at, y: instances[p] ?? 0 })) })),
        },
      ],
      window: window.to > window.from ? { from: window.from, to: window.to } : undefined,
    },
    {
      kind: 'sentences',
      tone: 'plain',
      lines: [
        `The whole run took ${plain(chipSeconds / 3600, `${machine.chipWord}-hours`)} and ${quantity(joules, 'J')} for ${count(Math.round(outputTokens), 'output token')}; ${percent(goodShare)} of the requests that arrived met every objective.`,
      ],
    },
  ];
  return { title: 'Instances', blocks };
}
