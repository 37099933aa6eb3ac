import type { Seconds, Watts } from '../../base/units.ts';
import { chipCount, type Machine } from '../../catalogue/machine.ts';
import { engines } from '../../cost/batch.ts';
import { activityOf } from '../../cost/power.ts';
import type { DeployedPool, Run } from '../../serving/deploy.ts';
import type { Interval, Metrics, PoolMeter } from '../../serving/metrics.ts';
import { instanceDies } from '../../model/layout.ts';
import { energyAccount, type EnergyAccount } from './account.ts';
import { poweredOf } from '../pool-use.ts';
import type { PoweredPool, PoweredSeconds } from './activity.ts';
import { boundsOf, energyGroups, sourcesOf, standings, type EnergyGroup, type PowerSources, type Standing } from './sources.ts';

/** What one part drew. */
export interface EnergyPart {
  readonly name: string;
  readonly group: EnergyGroup;
  /** Mean of the window. [W] */
  readonly watts: number;
  /** Of the whole run. [J] */
  readonly joules: number;
  readonly stands: Standing;
}

/** Mean power of one interval by group. [W] */
export type PowerPoint = { readonly at: number } & Readonly<Record<EnergyGroup, number>>;

/** Power and energy of the chips in use with everything that belongs to them. SI units. */
export interface EnergySummary {
  /** Mean of the window, and the interval of the run with the highest mean. [W] */
  readonly mean: number;
  readonly peak: number;
  /** Length of the intervals. [s] */
  readonly interval: number;
  /** With everything idle, and with everything at its maximum. [W] */
  readonly idle: number;
  readonly max: number;
  /** What the machine states all in, for the share of it in use. [W] */
  readonly stated?: number | undefined;
  /** Of the whole run, start and end included. [J] */
  readonly joules: number;
  readonly parts: readonly EnergyPart[];
  /** What the chips draw at work, by what keeps them busy. [W] */
  readonly engines: readonly { readonly name: string; readonly watts: number }[];
  /** Mean of the window of one chip of each pool, of a node and a rack with their part of all else but the fabric, and of the whole fabric. [W] */
  readonly scopes: readonly { readonly name: string; readonly word: string; readonly count: number; readonly watts: number }[];
  /** Share of the mean power by what it stands on. */
  readonly coverage: Readonly<Record<Standing, number>>;
  readonly notes: readonly string[];
  readonly series: readonly PowerPoint[];
}

interface Span {
  readonly from: Seconds;
  readonly to: Seconds;
  readonly total: Interval;
}

/** A deployed pool as its energy needs it. */
function poweredPool({ plant, layout }: DeployedPool, { chip }: Machine): PoweredPool {
  return { instances: plant.atStart ?? plant.instances, stages: plant.stages, chipsPerInstance: instanceDies(layout) / chip.dies };
}

/** The energy of a run up to `end`. `shown`: intervals of the series; `powered`: when instances are on, where they come and go. */
export function energySummary(
  machine: Machine,
  pools: readonly DeployedPool[],
  metrics: Metrics,
  window: Span,
  end: Seconds,
  shown: number = metrics.intervals.length,
  powered?: PoweredSeconds,
): EnergySummary {
  const power = sourcesOf(machine);
  const powers = pools.map((pool) => poweredPool(pool, machine));
  const account = energyAccount(power, powers, metrics, end, powered);
  const { lines, width, lengths } = account;
  const first = Math.round(window.from / width);
  const last = Math.max(first + 1, Math.ceil(window.to / width - 1e-9));
  const time = sum(lengths, first, last);
  const meanOf = (joules: Float64Array): Watts => (time > 0 ? sum(joules, first, last) / time : 0);
  const parts = lines.map(({ name, group, stands, joules }) => ({ name, group, stands, watts: meanOf(joules), joules: sum(joules) }));
  const mean = parts.reduce((total, { watts }) => total + watts, 0);
  const series = pointsOf(account);
  const chips = pools.reduce((total, pool) => total + pool.chips, 0);
  const work = parts.filter(({ group }) => group === 'work').reduce((total, { watts }) => total + watts, 0);
  return {
    mean,
    peak: series.reduce((most, point) => Math.max(most, powerOf(point)), 0),
    interval: width,
    ...boundsOf(power, chips),
    ...(machine.power === undefined ? {} : { stated: (machine.power.value * chips) / chipCount(machine) }),
    joules: parts.reduce((total, { joules }) => total + joules, 0),
    parts,
    engines: enginesOf(machine, pools, window.total, work),
    scopes: scopesOf(machine, pools, account, parts, meanOf),
    coverage: coverageOf(parts, mean),
    notes: notesOf(machine, power),
    series: series.slice(0, shown),
  };
}

/** Mean power of every interval of a run so far. `metrics`: those of the run, or a copy that goes on to now. */
export function powerSeries(run: Run, metrics: Metrics = run.simulation.metrics): readonly PowerPoint[] {
  const { scenario, deployed, simulation } = run;
  const pools = deployed.pools.map((pool) => poweredPool(pool, scenario.machine));
  return pointsOf(energyAccount(sourcesOf(scenario.machine), pools, metrics, simulation.snapshot().at, poweredOf(run, metrics.width)));
}

/** Of all groups. [W] */
export function powerOf(point: PowerPoint): Watts {
  return energyGroups.reduce((total, group) => total + point[group], 0);
}

function pointsOf({ lines, width, lengths }: EnergyAccount): readonly PowerPoint[] {
  return Array.from(lengths, (length, i): PowerPoint => {
    const point = { at: (i + 0.5) * width, ...Object.fromEntries(energyGroups.map((group) => [group, 0])) } as { at: number } & Record<EnergyGroup, number>;
    if (length > 0) for (const { group, joules } of lines) point[group] += (joules[i] as number) / length;
    return point;
  });
}

function coverageOf(parts: readonly EnergyPart[], mean: Watts): EnergySummary['coverage'] {
  const share = (wanted: Standing): number =>
    mean > 0 ? parts.filter(({ stands }) => stands === wanted).reduce((total, { watts }) => total + watts / mean, 0) : 0;
  return Object.fromEntries(standings.map((standing) => [standing, share(standing)])) as EnergySummary['coverage'];
}

function notesOf(machine: Machine, { notes }: PowerSources): readonly string[] {
  const { chip } = machine;
  if (chip.power.idle === undefined) return [`${chip.word}s draw their maximum at all times: an upper bound, as no idle power is stated`, ...notes];
  return activityOf(machine) === undefined ? [`a ${chip.word} that runs anything draws its maximum: an upper bound`, ...notes] : notes;
}

/** What chips draw at work, shared by what each engine would draw alone. */
function enginesOf(machine: Machine, pools: readonly DeployedPool[], total: Interval, work: Watts): EnergySummary['engines'] {
  const activity = activityOf(machine);
  if (activity === undefined) return [];
  const host = engines.indexOf('host');
  const asked = ['kernels running', ...engines].map(() => 0);
  pools.forEach((pool, p) => {
    const meter = total.pools[p] as PoolMeter;
    const weight = instanceDies(pool.layout) / machine.chip.dies / pool.plant.stages;
    asked[0] = (asked[0] as number) + weight * activity.running * Math.max(0, meter.busy - (meter.engines[host] as number));
    engines.forEach((_, e) => (asked[e + 1] = (asked[e + 1] as number) + weight * (activity.engines[e] as number) * (meter.engines[e] as number)));
  });
  const all = asked.reduce((sumSoFar, each) => sumSoFar + each, 0);
  return ['kernels running', ...engines].flatMap((name, i) => ((asked[i] as number) > 0 ? [{ name, watts: (work * (asked[i] as number)) / all }] : []));
}

function scopesOf(
  machine: Machine,
  pools: readonly DeployedPool[],
  { chips: chipJoules }: EnergyAccount,
  parts: readonly EnergyPart[],
  meanOf: (joules: Float64Array) => Watts,
): EnergySummary['scopes'] {
  const { chip, node, racks } = machine;
  const used = pools.reduce((total, { chips }) => total + chips, 0);
  const fabric = parts.filter(({ group }) => group === 'fabric').reduce((total, { watts }) => total + watts, 0);
  const perNode = (parts.reduce((total, { watts }) => total + watts, 0) - fabric) / (used / node.chips);
  const nodes = used / node.chips;
  const scopes = [
    ...pools.map((pool, p) => ({
      name: `${chip.word} of ${pool.plant.name}`,
      word: chip.word,
      count: pool.chips,
      watts: meanOf(chipJoules[p] as Float64Array) / pool.chips,
    })),
    { name: 'node, fabric apart', word: 'node', count: nodes, watts: perNode },
  ];
  if (racks !== undefined)
    scopes.push({ name: 'compute rack, fabric apart', word: 'rack', count: nodes / racks.nodesPerRack, watts: perNode * racks.nodesPerRack });
  if (fabric > 0) scopes.push({ name: 'fabric', word: 'fabric', count: 1, watts: fabric });
  return scopes;
}

function sum(values: Float64Array, from = 0, to: number = values.length): number {
  let total = 0;
  for (let i = from; i < Math.min(to, values.length); i++) total += values[i] as number;
  return total;
}
