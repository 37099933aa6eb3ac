import type { Doubt } from '../base/doubt.ts';
import { InputError } from '../base/errors.ts';
import { dieCount } from '../catalogue/machine.ts';
import type { StepSetting } from '../cost/check.ts';
import { memoryBudget, type MemoryBudget } from '../cost/memory.ts';
import { activityOf } from '../cost/power.ts';
import type { ExplainingPricer } from '../cost/pricer.ts';
import { freshPricers, type PricerSource } from '../cost/shared-pricers.ts';
import { dataRanks, instanceDies, type Layout } from '../model/layout.ts';
import type { Wiring } from '../network/wiring.ts';
import type { EventSink } from './events.ts';
import { Dies } from './faults/dies.ts';
import type { FaultRecord } from './faults/fault.ts';
import { Planes } from './faults/planes.ts';
import { Timetable } from './faults/timetable.ts';
import { rebalancers } from './experts/balanced.ts';
import type { BalanceRecord } from './experts/rebalancer.ts';
import { TransferDamage } from './faults/transfers.ts';
import type { InstanceRole } from './instance.ts';
import type { Plant, PoolPlant, TenantPlant } from './plant.ts';
import { promptsFirst } from './policies/scheduler.ts';
import type { Scenario } from './scenario.ts';
import { Simulation } from './simulation.ts';
import { requestSource } from './traffic/source.ts';
import type { Workload } from './traffic/workload.ts';
import { wired } from './wire.ts';

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
  /** Where KV moves between pools: what faults leave of the plant's links. */
  readonly wiring?: Wiring | undefined;
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
function faultsOn(
  simulation: Simulation,
  { faults, machine, seed }: Scenario,
  { pools, plant, wiring }: Deployed,
  pricers: PricerSource,
): readonly FaultRecord[] {
  if (faults === undefined) return [];
  const dies = new Dies(
    simulation.service.pools,
    pools.map(({ layout }) => instanceDies(layout)),
    dieCount(machine),
  );
  const settings = pools.map(({ setting }) => setting);
  const whole = plant.pools.map(({ pricer }) => pricer);
  const timetable = new Timetable(
    faults.planned,
    faults.random,
    faults.recovery,
    dies,
    new Planes(machine, settings, whole, pricers),
    seed,
    new TransferDamage(wiring, machine.node.cpus),
  );
  simulation.attach(timetable);
  return timetable.records;
}

/**
 * Prices and sizes the pools of a scenario: KV blocks follow from memory, links from the planes.
 * @throws InputError when the model does not fit its dies, no prompt would, or no plane joins what moves KV
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
  const links = deployment.kind === 'merged' ? undefined : wired(scenario, deployment);
  const plant: Plant = {
    pools: pools.map((deployed) => deployed.plant),
    transfer: links?.transfer,
    cache: links?.cache,
    links: links?.links ?? [],
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
  return { plant, pools, wiring: links?.wiring, doubts: [...doubts.values()] };
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
