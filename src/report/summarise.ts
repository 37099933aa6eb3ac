import { chipCount, planeOf } from '../catalogue/machine.ts';
import type { Doubt } from '../base/doubt.ts';
import { engines } from '../cost/batch.ts';
import { labelOf } from '../cost/uncertainty/trust.ts';
import { QUANTILE_ERROR } from '../kernel/sketch.ts';
import { draftText } from '../model/drafter.ts';
import { instanceDies, type Layout } from '../model/layout.ts';
import { stages } from '../model/operator.ts';
import { parametersOf } from '../model/parameters.ts';
import type { DeployedPool, Run } from '../serving/deploy.ts';
import { phases } from '../serving/lifetime.ts';
import type { Interval, PoolMeter } from '../serving/metrics.ts';
import { poolLoad, poolTrust, type MeanRequest, type PoolTrust } from './capacity.ts';
import { costOf } from './cost.ts';
import { balanceSummary } from './balance.ts';
import { faultSummaries } from './faults.ts';
import { adaptersSummary } from './adapters.ts';
import { speculationSummary } from './speculation.ts';
import { energySummary } from './energy/summary.ts';
import { fleetSummary } from './fleet.ts';
import { distribution, goodput, seriesPoint } from './figures.ts';
import { hashOf } from './hash.ts';
import { limitOf } from './limit.ts';
import { poolUse, poweredOf, type PoolUse } from './pool-use.ts';
import { cacheSummary } from './prefixes.ts';
import type { PlaneSummary, PoolSummary, SeriesPoint, Share, Summary } from './summary.ts';
import { tenantsSummary } from './tenants.ts';
import { trafficText } from './traffic.ts';
import { transferSummaries } from './transfers.ts';
import { steadyWindow, type Window } from './window.ts';

/** What a run measures: the part of its summary that the events alone decide. */
export type Measured = Pick<Summary, 'throughput' | 'latency' | 'goodput' | 'pools' | 'planes' | 'limit' | 'cost' | 'energy'>;

/** The figures of a run so far, and the window that they are from. */
export function measure(run: Run): Measured & { readonly window: Window; readonly shown: number } {
  const { scenario, deployed, simulation } = run;
  const { machine, deployment } = scenario;
  const { metrics } = simulation;
  const { at } = simulation.snapshot();
  metrics.count(at);
  const window = steadyWindow(metrics, simulation.lastArrivalAt, at, deployed.pools.length);
  const length = window.to - window.from;
  const { total } = window;
  const rate = (count: number): number => (length > 0 ? count / length : 0);
  const used = poolsInUse(run, window);
  const chipsUsed = chipsIn(used);
  const chipsOf = (role: 'prefill' | 'decode'): number => chipsIn(used.filter(({ plant }) => plant.role === role || plant.role === 'merged'));
  const pools = used.map((pool, p) => poolSummary(pool, total.pools[p] as PoolMeter, window));
  const planes = planeSummaries(run, pools, simulation.lastArrivalAt > 0 ? simulation.lastArrivalAt : at);
  const [inputRate, outputRate] = [rate(total.inputServed), rate(total.outputServed)];
  // Behind the last arrival a few long answers run on alone: the start of that drain is shown, not all of it.
  const shown = Math.ceil((simulation.lastArrivalAt * 1.15) / metrics.width) + 1;
  const energy = energySummary(machine, used, metrics, window, at, shown, poweredOf(run));
  return {
    window,
    shown,
    throughput: {
      requests: rate(total.finished),
      inputTokens: inputRate,
      outputTokens: outputRate,
      inputTokensPerPrefillChip: inputRate / chipsOf('prefill'),
      outputTokensPerDecodeChip: outputRate / chipsOf('decode'),
      tokensPerChip: rate(total.inputServed + total.outputServed) / chipsUsed,
    },
    latency: {
      ttft: distribution(total.ttft),
      tpot: distribution(total.tpot),
      itl: distribution(total.itl),
      e2e: distribution(total.e2e),
      firstToken: deployment.kind === 'merged' ? 'prefill' : deployment.firstToken,
      quantileError: QUANTILE_ERROR,
    },
    goodput: goodput(total, scenario.slo, rate(total.good)),
    pools,
    planes,
    limit: limitOf(pools, planes, window.saturated),
    cost: costOf(machine, chipsUsed, energy, { input: inputRate, output: outputRate }),
    energy,
  };
}

/** Deployed pools as they were in a window: their chips and dies are what they had on average. */
interface UsedPool extends DeployedPool {
  readonly use: PoolUse;
}

function poolsInUse(run: Run, { from, to }: { readonly from: number; readonly to: number }): readonly UsedPool[] {
  const { machine } = run.scenario;
  const uses = poolUse(run, from, to);
  return run.deployed.pools.map((pool, p) => {
    const use = uses[p] as PoolUse;
    const dies = use.powered * instanceDies(pool.layout);
    return { ...pool, use, dies, chips: dies / machine.chip.dies };
  });
}

function chipsIn(pools: readonly DeployedPool[]): number {
  return pools.reduce((chips, pool) => chips + pool.chips, 0);
}

/** What a run has come to so far: callable at any moment between two steps. */
export function summarise(run: Run, version: string): Summary {
  const { scenario, deployed, simulation, faults } = run;
  const { machine, model } = scenario;
  const { metrics } = simulation;
  const state = simulation.snapshot();
  const { window, shown, ...measured } = measure(run);
  const { total } = window;
  const standing = deployed.pools.map((pool, p) => poolTrust(pool, total.pools[p] as PoolMeter, meanRequest(total)));
  const parameters = parametersOf(model);
  const { throughput, latency, goodput: good, pools, planes, limit, cost, energy } = measured;
  return {
    scenario: scenario.name,
    machine: {
      name: machine.name,
      title: machine.title,
      chip: machine.chip.title,
      chipWord: machine.chip.word,
      chips: chipCount(machine),
      chipsUsed: chipsIn(poolsInUse(run, window)),
    },
    model: { name: model.name, parameters: parameters.total, activeParameters: parameters.active },
    precision: precisionText(scenario.precision),
    others: scenario.others?.map((other) => {
      const { total: all, active } = parametersOf(other.model);
      return { name: other.model.name, parameters: all, activeParameters: active, precision: precisionText(other.precision) };
    }),
    stack: scenario.stack.title,
    workload: trafficText(scenario.workload, state.arrived),
    seed: scenario.seed,
    requests: {
      arrived: state.arrived,
      finished: state.finished,
      rejected: state.rejected,
      failed: state.failed,
      running: state.running,
      waiting: state.waiting,
      causes: [...simulation.causes].map(([cause, count]) => ({ cause, count })),
    },
    duration: state.at,
    window: { from: window.from, to: window.to, residences: window.residences, steady: window.steady, note: window.note },
    saturation: { saturated: window.saturated, note: window.saturation },
    throughput,
    latency,
    goodput: good,
    pools,
    planes,
    cache: cacheSummary(run, total),
    speculation: speculationSummary(deployed.pools, total),
    adapters: adaptersSummary(deployed.pools, total),
    balances: run.balances.map((record) => balanceSummary(record, deployed.pools[record.pool]?.plant.name ?? '', window)),
    tenants: tenantsSummary(deployed.plant.tenants ?? [], total.tenants, scenario.slo, window.to - window.from),
    faults: faultSummaries(faults, metrics, { from: window.from, end: simulation.lastArrivalAt }),
    control: fleetSummary(run, energy?.joules ?? 0, shown),
    requestShares: shares(phases, total.phases, total.finished),
    limit,
    cost,
    energy,
    series: metrics.intervals
      .slice(0, shown)
      .map((interval, i) => pointOf(interval, i, metrics.width, deployed.pools, poolUse(run, i * metrics.width, (i + 1) * metrics.width).at(-1))),
    trust: trustOf(pools, standing, limit.resource),
    doubts: distinct([...deployed.doubts, ...standing.flatMap(({ doubts }) => doubts), ...lateFaults(scenario, state.at)]),
    reproduce: { version, scenarioHash: hashOf(scenario), calibrationHash: hashOf([scenario.stack, machine]), seed: scenario.seed },
  };
}

/** Faults that were planned behind the end of a run. */
function lateFaults({ faults }: Run['scenario'], end: number): readonly Doubt[] {
  const late = faults?.planned.filter(({ at }) => at > end) ?? [];
  return late.map(({ at, struck }) => ({ rule: 'fault-late', where: `${struck.text} at ${at} s`, message: 'the run ended before the fault came' }));
}

function precisionText({ weights, experts, activations, kv }: Run['scenario']['precision']): string {
  const upper = (text: string): string => text.toUpperCase();
  return `${upper(weights)} weights${experts === weights ? '' : `, ${upper(experts)} experts`}, ${upper(activations)} activations, ${upper(kv)} KV`;
}

function shares(names: readonly string[], times: readonly number[] | Float64Array, count: number): readonly Share[] {
  const total = [...times].reduce((sum, time) => sum + time, 0);
  return names.flatMap((name, i) => {
    const time = times[i] as number;
    return time > 0 && count > 0 ? [{ name, time: time / count, share: time / total }] : [];
  });
}

/** The mean request of a window. */
export function meanRequest({ finished, inputTokens, cachedTokens, outputTokens }: Interval): MeanRequest {
  const count = Math.max(1, finished);
  return { computed: (inputTokens - cachedTokens) / count, output: outputTokens / count };
}

/** The label of the pool that the binding resource belongs to; of the busiest one where it belongs to none. */
function trustOf(pools: readonly PoolSummary[], standing: readonly PoolTrust[], resource: string): Summary['trust'] {
  const own = pools.findIndex(({ name }) => resource.startsWith(`${name} `));
  const busiest = pools.reduce((most, { load }, p) => (load > (pools[most]?.load ?? 0) ? p : most), 0);
  const at = own === -1 ? busiest : own;
  const { shares: on } = standing[at] as PoolTrust;
  return { label: labelOf(on), shares: on, pool: pools[at]?.name ?? '' };
}

function distinct(doubts: readonly Doubt[]): readonly Doubt[] {
  return [...new Map(doubts.map((doubt) => [`${doubt.rule} ${doubt.where}`, doubt])).values()];
}

function poolSummary(pool: UsedPool, meter: PoolMeter, window: Window): PoolSummary {
  const { plant, layout, memory, use } = pool;
  const length = window.to - window.from;
  // All batches in flight have their time; a stage has its part of the work of each.
  const time = length * use.served * plant.stages;
  const request = meanRequest(window.total);
  return {
    name: plant.name,
    role: plant.role,
    instances: use.powered,
    chips: pool.chips,
    dies: pool.dies,
    layout: layoutText(layout, plant.ranks),
    load: poolLoad(pool, meter, length * use.served, request),
    busy: time > 0 ? Math.min(1, meter.busy / time) : 0,
    occupancy: meter.busy > 0 ? (meter.occupancy / meter.busy) * (plant.role === 'prefill' ? 1 : Math.min(1, meter.busy / time)) : 0,
    kv: { mean: time > 0 ? Math.min(1, meter.kv / time) : 0, max: meter.kvMax },
    engines: engines.map((name, e) => ({ name, utilisation: time > 0 ? Math.min(1, (meter.engines[e] as number) / time) : 0 })),
    steps: meter.steps,
    stepTime: distribution(meter.stepTime),
    stepShares: shares([...stages, 'host'], meter.stages, meter.steps),
    barrier: barrierOf(meter),
    memory: memory.parts,
    expertMemory: memory.experts?.parts,
    kvBlocks: plant.kvBlocks,
    kvBlockTokens: plant.blockTokens,
    preemptions: meter.preemptions,
  };
}

function barrierOf({ barrier, stepTime }: PoolMeter): PoolSummary['barrier'] {
  const { samples, share, error } = barrier;
  return { time: samples === 0 ? 0 : share * stepTime.mean(), share, error, samples };
}

function layoutText(layout: Layout, ranks: number): string {
  const { tensor, pipeline, attention, experts, microbatches, context } = layout;
  const parts = [
    ranks > 1 ? `DP${ranks}` : '',
    tensor > 1 ? `${attention === 'sp-tp-sp' ? 'SP-TP-SP ' : 'TP'}${tensor}` : '',
    context !== undefined && context.parallel > 1 ? `CP${context.parallel}` : '',
    context !== undefined && context.decode > 1 ? `DCP${context.decode}` : '',
    pipeline > 1 ? `PP${pipeline}` : '',
  ];
  if (experts.parallel > 1) parts.push(`EP${experts.parallel}${experts.apart === true ? ' apart' : ''}`);
  if (microbatches > 1) parts.push(`${microbatches} microbatches`);
  parts.push(draftText(layout));
  return parts.filter((part) => part !== '').join(' · ') || 'one die';
}

function planeSummaries(run: Run, pools: readonly PoolSummary[], duration: number): readonly PlaneSummary[] {
  const { machine } = run.scenario;
  const summaries: PlaneSummary[] = [];
  for (const pool of pools) {
    for (const role of ['scale-up', 'scale-out'] as const) {
      const busy = pool.engines.find(({ name }) => name === role)?.utilisation ?? 0;
      const plane = planeOf(machine, role);
      if (plane !== undefined && busy > 0)
        summaries.push({ name: plane.name, role, use: `${pool.name}: exchange and collectives`, bytes: 0, utilisation: busy });
    }
  }
  return [...summaries, ...transferSummaries(run, duration)];
}

function pointOf(interval: Interval, index: number, width: number, pools: readonly DeployedPool[], use: PoolUse | undefined): SeriesPoint {
  const last = pools.length - 1;
  const meter = interval.pools[last] as PoolMeter;
  return seriesPoint(interval, index, width, share(meter.kv, width * (use?.served ?? 0) * (pools[last] as DeployedPool).plant.stages));
}

function share(part: number, whole: number): number {
  return whole > 0 ? Math.min(1, part / whole) : 0;
}
