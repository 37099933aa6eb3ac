import type { Doubt } from '../base/doubt.ts';
import { InputError } from '../base/errors.ts';
import { dieCount, type Machine, type Plane } from '../catalogue/machine.ts';
import type { StepSetting } from '../cost/check.ts';
import { memoryBudget, type MemoryBudget } from '../cost/memory.ts';
import { activityOf } from '../cost/power.ts';
import type { ExplainingPricer } from '../cost/pricer.ts';
import { freshPricers, type PricerSource } from '../cost/shared-pricers.ts';
import { dataRanks, instanceDies, stageDies, type Layout } from '../model/layout.ts';
import { kvBytesPerTokenPerDie, movedStateBytes, unsplit } from '../model/kv.ts';
import { dieBandwidth, pathOf } from '../network/reach.ts';
import type { EventSink } from './events.ts';
import { Dies } from './faults/dies.ts';
import type { FaultRecord } from './faults/fault.ts';
import { Planes } from './faults/planes.ts';
import { Timetable } from './faults/timetable.ts';
import { rebalancers } from './experts/balanced.ts';
import type { BalanceRecord } from './experts/rebalancer.ts';
import type { InstanceRole } from './instance.ts';
import type { CachePlant, Plant, PoolPlant, TenantPlant, TransferPlant } from './plant.ts';
import { promptsFirst } from './policies/scheduler.ts';
import type { CachePool, DisaggregatedDeployment, Scenario } from './scenario.ts';
import { Simulation } from './simulation.ts';
import { requestSource } from './traffic/source.ts';
import type { Workload } from './traffic/workload.ts';

/** Share of a rank's KV blocks that stays free when a prompt is admitted beside others (the watermark of the paged allocators). */
const watermark = 0.01;

/** A pool with what its plant was made from. */
export interface DeployedPool {
  readonly plant: PoolPlant;
  readonly layout: Layout;
  readonly pricer: ExplainingPricer;
  readonly setting: StepSetting;
  readonly memory: MemoryBudget;
  /** In all instances together. */
  readonly chips: number;
  readonly dies: number;
}

/** A scenario that was found to fit, ready to run. */
export interface Deployed {
  readonly plant: Plant;
  readonly pools: readonly DeployedPool[];
  readonly doubts: readonly Doubt[];
}

/** A scenario, its deployment and the simulation of it. */
export interface Run {
  /** What became of faults, in the order in which they came. */
  readonly faults: readonly FaultRecord[];
  /** How evenly the experts of pools were loaded as time went on, where the workload says what they are asked for. */
  readonly balances: readonly BalanceRecord[];
  readonly scenario: Scenario;
  readonly deployed: Deployed;
  readonly simulation: Simulation;
}

/**
 * Prepares a scenario to run from its first arrival.
 * @param sink is told of every event
 * @param pricers where pricers come from: runs of equal settings may share them
 * @throws InputError when the model does not fit its dies, or no prompt would
 */
export function createSimulation(scenario: Scenario, sink?: EventSink, pricers: PricerSource = freshPricers): Run {
  const deployed = deploy(scenario, pricers);
  const simulation = new Simulation(deployed.plant, requestSource(scenario.workload), sink);
  const loops = scenario.experts === undefined ? [] : rebalancers(scenario.experts, deployed.pools, pricers, scenario.seed);
  for (const loop of loops) simulation.attach(loop);
  return { scenario, deployed, simulation, faults: faultsOn(simulation, scenario, deployed, pricers), balances: loops.map(({ record }) => record) };
}

/** Lets the faults of a scenario come over a simulation. Returns what becomes of them. */
function faultsOn(simulation: Simulation, { faults, machine, seed }: Scenario, { pools, plant }: Deployed, pricers: PricerSource): readonly FaultRecord[] {
  if (faults === undefined) return [];
  const dies = new Dies(
    simulation.service.pools,
    pools.map(({ layout }) => instanceDies(layout)),
    dieCount(machine),
  );
  const settings = pools.map(({ setting }) => setting);
  const whole = plant.pools.map(({ pricer }) => pricer);
  const timetable = new Timetable(faults.planned, faults.random, faults.recovery, dies, new Planes(machine, settings, whole, pricers), seed);
  simulation.attach(timetable);
  return timetable.records;
}

/**
 * Prices and sizes the pools of a scenario: KV blocks follow from memory, bandwidths from the planes.
 * @throws InputError when the model does not fit its dies, or no prompt would
 */
function deploy(scenario: Scenario, pricers: PricerSource): Deployed {
  const { deployment, model, slo, seed } = scenario;
  const pools =
    deployment.kind === 'merged'
      ? [
          pool(scenario, pricers, 'merged', deployment.instances, deployment.layout, {
            maxSequences: deployment.maxSequences,
            tokenBudget: deployment.maxBatchedTokens,
            watermark: deployment.watermark,
            prefixCaching: deployment.prefixCaching,
            prefillFirst: deployment.prefillFirst ?? promptsFirst(scenario.policies.scheduler ?? 'fcfs') ?? scenario.stack.prefillFirst !== undefined,
            pollEvery: deployment.pollEvery,
            acceptance: deployment.acceptance,
            utilisation: deployment.memoryUtilisation,
          }),
        ]
      : [
          pool(scenario, pricers, 'prefill', deployment.prefill.instances, deployment.prefill.layout, {
            maxSequences: Infinity,
            tokenBudget: Math.floor(deployment.prefill.batchTokens / dataRanks(deployment.prefill.layout)),
            watermark: 0,
            prefixCaching: false,
            acceptance: [],
          }),
          pool(scenario, pricers, 'decode', deployment.decode.instances, deployment.decode.layout, {
            maxSequences: deployment.decode.maxSequences,
            tokenBudget: Infinity,
            watermark,
            prefixCaching: false,
            acceptance: deployment.decode.acceptance,
          }),
        ];
  const fits = pools.map(({ plant }) => (plant.kvBlocks - plant.watermarkBlocks - plant.stateBlocks) * plant.blockTokens);
  const maxContext = Math.min(model.maxPositions, ...fits);
  if (maxContext < 2) {
    throw new InputError(
      pools.map(({ plant }) => ({
        path: `deployment.${plant.name}`,
        message: `no room for the KV of a single prompt: ${plant.kvBlocks} blocks of ${plant.blockTokens} tokens per rank`,
      })),
    );
  }
  const plant: Plant = {
    pools: pools.map((deployed) => deployed.plant),
    transfer: deployment.kind === 'merged' ? undefined : transferOf(scenario, deployment),
    cache: deployment.kind === 'merged' || deployment.cache === undefined ? undefined : cacheOf(scenario, deployment, deployment.cache),
    firstToken: deployment.kind === 'merged' ? 'prefill' : deployment.firstToken,
    maxContext,
    maxContextOf: maxContext === model.maxPositions ? 'the model' : 'the KV memory of a rank',
    intake: scenario.stack.intake === undefined ? undefined : { request: scenario.stack.intake.request.value, token: scenario.stack.intake.token.value },
    policies: scenario.policies,
    tenants: tenantsOf(scenario.workload),
    slo,
    seed,
  };
  const doubts = new Map<string, Doubt>();
  for (const { pricer } of pools) for (const doubt of pricer.doubts) doubts.set(`${doubt.rule} ${doubt.where}`, doubt);
  return { plant, pools, doubts: [...doubts.values()] };
}

function tenantsOf(workload: Workload): readonly TenantPlant[] {
  const { tenants = [] } = ('mix' in workload ? workload.mix : undefined) ?? {};
  return tenants.map(({ name, weight = 1, slo = {} }) => ({ name, weight, slo }));
}

interface PoolLimits {
  readonly maxSequences: number;
  readonly tokenBudget: number;
  readonly watermark: number;
  readonly prefixCaching: boolean;
  readonly prefillFirst?: boolean | undefined;
  readonly pollEvery?: number | undefined;
  readonly acceptance: readonly number[];
  readonly utilisation?: number | undefined;
}

function pool(scenario: Scenario, pricers: PricerSource, role: InstanceRole, instances: number, layout: Layout, limits: PoolLimits): DeployedPool {
  const { machine, model, precision, stack } = scenario;
  const ranks = dataRanks(layout);
  // Sequences are spread over the batches that a pipeline has in flight.
  const maxSequences = Math.ceil(limits.maxSequences / layout.pipeline);
  const decodeTokens = Math.min(maxSequences, 1e9) * (1 + layout.draftTokens);
  const maxBatchTokens = role === 'decode' ? decodeTokens : limits.tokenBudget;
  const memory = memoryBudget({ machine, model, precision, layout, stack, maxBatchTokens, maxSequences, utilisation: limits.utilisation });
  const setting: StepSetting = { machine, model, precision, layout, stack, role };
  const { exact, compiled } = pricers(setting);
  const dies = instances * instanceDies(layout);
  return {
    plant: {
      name: role,
      role,
      instances,
      stages: layout.pipeline,
      ranks,
      kvBlocks: memory.kvBlocks,
      blockTokens: memory.blockTokens,
      stateBlocks: memory.stateBlocks,
      watermarkBlocks: Math.ceil(memory.kvBlocks * limits.watermark),
      maxSequences,
      tokenBudget: limits.tokenBudget,
      prefixCaching: limits.prefixCaching,
      acceptance: limits.acceptance,
      ahead: stack.ahead === true,
      prefillFirst: limits.prefillFirst,
      pollEvery: limits.pollEvery,
      launching: stack.launch === undefined ? undefined : stack.launch.value * exact.launches,
      pricer: compiled,
      activity: activityOf(machine),
    },
    layout,
    pricer: exact,
    setting,
    memory,
    dies,
    chips: dies / machine.chip.dies,
  };
}

/** KV of one token in the whole model, counted once however often a layout replicates it. [B] */
function kvBytesPerToken({ model, precision }: Scenario, layout: Layout): number {
  return kvBytesPerTokenPerDie(model, precision, unsplit(layout));
}

/**
 * KV from prefill to decode: a decode rank of `d` dies pulls from `d` of the `p` dies of a prefill rank, so that the prefill rank has
 * `p / d` sources (arXiv 2506.12708, 4.3).
 */
function transferOf(scenario: Scenario, { prefill, decode, transferPlane }: DisaggregatedDeployment): TransferPlant {
  const plane = planeNamed(scenario.machine, transferPlane);
  const perDie = streamBandwidth(scenario.machine, plane);
  const sourcesPerRank = Math.max(1, Math.floor(stageDies(prefill.layout) / stageDies(decode.layout)));
  return {
    bytesPerToken: kvBytesPerToken(scenario, decode.layout),
    bytesPerSequence: movedStateBytes(scenario.model, scenario.precision, decode.layout),
    sourcesPerRank,
    sourceBandwidth: (perDie * stageDies(prefill.layout)) / sourcesPerRank,
    sinkBandwidth: perDie * stageDies(decode.layout),
    latency: plane.port.latency.value,
  };
}

/** Reads of the pool leave through the CPU sockets' own ports, or the node's port where CPUs have none, of the nodes in use. */
function cacheOf(scenario: Scenario, { prefill, decode }: DisaggregatedDeployment, cache: CachePool): CachePlant {
  const { machine } = scenario;
  const plane = planeNamed(machine, cache.plane);
  const dies = prefill.instances * prefill.layout.dies + decode.instances * instanceDies(decode.layout);
  const diesPerNode = machine.node.chips * machine.chip.dies;
  const nodes = Math.ceil(dies / diesPerNode);
  const read = pathOf(plane, 'machine', 'read', 'cpu');
  const perDie = plane.port.owner === 'node' ? streamBandwidth(machine, plane) : (read?.bandwidth.value ?? streamBandwidth(machine, plane));
  const perNode = plane.cpuPort === undefined ? streamBandwidth(machine, plane) * diesPerNode : machine.node.cpus * plane.cpuPort.value;
  return {
    bytesPerToken: kvBytesPerToken(scenario, prefill.layout),
    capacity: cache.capacity,
    blockTokens: cache.blockTokens,
    poolBandwidth: nodes * perNode,
    instanceBandwidth: prefill.layout.dies * perDie,
    latency: read?.latency.value ?? plane.port.latency.value,
  };
}

/** A plane by name; the scenario's door has checked that it is there. */
function planeNamed(machine: Machine, name: string): Plane {
  const plane = machine.planes.find((candidate) => candidate.name === name);
  if (plane === undefined) throw new InputError([{ path: 'deployment', message: `${machine.name} has no plane "${name}"` }]);
  return plane;
}

/** What one die's stream reaches on a plane, one way. [B/s] */
function streamBandwidth(machine: Machine, plane: Plane): number {
  return dieBandwidth(machine, plane) * plane.efficiency.value;
}
