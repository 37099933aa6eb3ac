import type { Doubt } from '../base/doubt.ts';
import { InputError } from '../base/errors.ts';
import { dieCount } from '../catalogue/machine.ts';
import type { StepSetting } from '../cost/check.ts';
import { adapterCost } from '../cost/lora.ts';
import { memoryBudget, type MemoryBudget, type MemoryRequest } from '../cost/memory.ts';
import { activityOf } from '../cost/power.ts';
import type { ExplainingPricer } from '../cost/pricer.ts';
import { freshPricers, type PricerSource } from '../cost/shared-pricers.ts';
import { dataRanks, instanceDies, type Layout } from '../model/layout.ts';
import type { Placement } from '../model/placement/placement.ts';
import type { Wiring } from '../network/wiring.ts';
import { pricedUnder } from './causes.ts';
import { mostInstances } from './control/control.ts';
import { ControlLoop } from './control/control-loop.ts';
import { Fleet, type FleetPool } from './control/fleet.ts';
import { Loader } from './control/loader.ts';
import { hostMemoryRate, localPerDie, weightsOf } from './control/weights.ts';
import type { AdapterPlant } from './adapters/adapter-work.ts';
import { Dies } from './dies.ts';
import type { EventSink } from './events.ts';
import { assumedRecovery, type FaultRecord } from './faults/fault.ts';
import { Planes } from './faults/planes.ts';
import { Timetable, type Struck } from './faults/timetable.ts';
import { rebalancers } from './experts/balanced.ts';
import { Narrower, type NarrowerOf } from './experts/narrower.ts';
import type { BalanceRecord } from './experts/rebalancer.ts';
import { TransferDamage } from './faults/transfers.ts';
import type { InstanceRole, Plant, PoolPlant, TenantPlant } from './plant.ts';
import { Prices } from './prices.ts';
import { promptsFirst } from './policies/scheduler.ts';
import type { DisaggregatedDeployment, Lora, MergedDeployment, Scenario } from './scenario.ts';
import { Simulation } from './simulation.ts';
import { requestSource } from './traffic/source.ts';
import type { Tenant } from './traffic/labels.ts';
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
  readonly memoryRequest: MemoryRequest;
  /** In all instances that serve from the beginning. */
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
  /** Instances that come and go, where control loops say so. */
  readonly fleet?: Fleet | undefined;
  /** Which dies instances run on now. */
  readonly dies: Dies;
}

/**
 * Prepares a scenario to run from its first arrival.
 * @param sink is told of every event
 * @param pricers where pricers come from: runs of equal settings may share them
 * @throws InputError when the model does not fit its dies, or no prompt would
 */
export function createSimulation(scenario: Scenario, sink?: EventSink, pricers: PricerSource = freshPricers): Run {
  if (scenario.fleet !== undefined) throw new InputError([{ path: 'fleet', message: 'is several machines; expected one of them' }]);
  const deployed = deploy(scenario, pricers);
  const simulation = new Simulation(deployed.plant, requestSource(scenario.workload), sink);
  const dies = new Dies(
    simulation.service.pools,
    deployed.pools.map(({ layout }) => instanceDies(layout)),
    dieCount(scenario.machine),
  );
  const settings = deployed.pools.map(({ setting }) => setting);
  const prices = new Prices(simulation.service, pricedUnder(settings, pricers));
  const loops = scenario.experts === undefined ? [] : rebalancers(scenario.experts, deployed.pools, prices, scenario.seed);
  const placements = (pool: number): readonly Placement[] | undefined => loops.find(({ record }) => record.pool === pool)?.placements;
  const faults = faultsOn(simulation, scenario, deployed, { dies, prices }, placements);
  for (const loop of loops) simulation.attach(loop);
  const balances = loops.map(({ record }) => record);
  return { scenario, deployed, simulation, faults, balances, fleet: fleetOn(simulation, scenario, deployed.pools, dies), dies };
}

/** Lets the control loops of a scenario act on a simulation. */
function fleetOn(simulation: Simulation, scenario: Scenario, deployed: readonly DeployedPool[], dies: Dies): Fleet | undefined {
  const { control, machine, slo } = scenario;
  if (control === undefined) return undefined;
  const pools = deployed.map(({ layout, setting }) => ({ dies: instanceDies(layout), weights: weightsOf(setting, control.weights) }));
  const intake = simulation.service.pools.flatMap(({ instances, index }) => instances.map(() => (pools[index] as FleetPool).weights.intake));
  const loader = new Loader(control.weights, hostMemoryRate(machine), intake);
  const fleet = new Fleet(simulation, pools, dies, machine.node.chips * machine.chip.dies, loader);
  const perInstance = pools.map((pool) => pool.dies);
  simulation.attach(new ControlLoop(simulation, control, slo, fleet, perInstance));
  simulation.scale = fleet.want.bind(fleet, simulation);
  return fleet;
}

/** Lets the faults of a scenario, and those from outside, come over a simulation. Returns what becomes of them. */
function faultsOn(
  simulation: Simulation,
  scenario: Scenario,
  { wiring, pools }: Deployed,
  on: Pick<Struck, 'dies' | 'prices'>,
  placements: NarrowerOf['placements'],
): readonly FaultRecord[] {
  const { faults, machine, seed } = scenario;
  const { planned, random, recovery, reload } = faults ?? { planned: [], random: [], recovery: assumedRecovery, reload: undefined };
  const { service } = simulation;
  const planes = new Planes(machine, (instance) => pools[service.poolOf(instance).index].pricer.planes);
  const transfers = new TransferDamage(wiring, machine.node.cpus);
  const narrowing = reload === undefined ? undefined : new Narrower({ pools, service, dies: on.dies, ...reload, faults: () => planes.faults, placements });
  const timetable = new Timetable(simulation, planned, random, recovery, { ...on, planes, transfers, narrowing }, seed);
  simulation.attach(timetable);
  simulation.strike = timetable.plan.bind(timetable, simulation);
  simulation.faults = { heal: (number) => timetable.heal(simulation, number), pending: () => timetable.pending };
  return timetable.records;
}

/**
 * Prices and sizes the pools of a scenario: KV blocks follow from memory, links from the planes.
 * @throws InputError when the model does not fit its dies, no prompt would, or no plane joins what moves KV
 */
function deploy(scenario: Scenario, pricers: PricerSource): Deployed {
  const { deployment, slo, seed } = scenario;
  const pools = deployment.kind === 'merged' ? mergedPools(scenario, deployment, pricers) : splitPools(scenario, deployment, pricers);
  const models = deployment.kind === 'merged' ? pools.map((own) => limitsOf([own])) : undefined;
  const links = deployment.kind === 'merged' ? undefined : wired(scenario, deployment);
  const plant: Plant = {
    pools: pools.map((deployed) => deployed.plant),
    transfer: links?.transfer,
    cache: links?.cache,
    links: links?.links ?? [],
    firstToken: deployment.kind === 'merged' ? 'prefill' : deployment.firstToken,
    models: models !== undefined && models.length > 1 ? models : undefined,
    ...limitsOf(deployment.kind === 'merged' ? pools.slice(0, 1) : pools),
    intake: scenario.stack.intake === undefined ? undefined : { request: scenario.stack.intake.request.value, token: scenario.stack.intake.token.value },
    policies: scenario.policies,
    tenants: tenantsOf(scenario.workload),
    slo,
    seed,
  };
  const doubts = new Map<string, Doubt>();
  for (const { pricer } of pools) for (const doubt of pricer.doubts) doubts.set(`${doubt.rule} ${doubt.where}`, doubt);
  for (const { plant: own } of pools) if (own.adapters !== undefined) doubts.set(`adapters ${own.name}`, estimatedAdapters(own));
  return { plant, pools, wiring: links?.wiring, doubts: [...doubts.values()] };
}

/** A pool for each model. */
function mergedPools(scenario: Scenario, first: MergedDeployment, pricers: PricerSource): readonly DeployedPool[] {
  const { others = [], policies, stack, model, precision } = scenario;
  const served = [{ model, precision, deployment: first }, ...others];
  return served.map(({ deployment, ...own }, m) =>
    pool({ ...scenario, ...own }, pricers, m, 'merged', deployment.instances, deployment.layout, {
      name: others.length === 0 ? 'merged' : own.model.name,
      maxSequences: deployment.maxSequences,
      tokenBudget: deployment.maxBatchedTokens,
      watermark: deployment.watermark,
      prefixCaching: deployment.prefixCaching,
      prefillFirst: deployment.prefillFirst ?? promptsFirst(policies.scheduler ?? 'fcfs') ?? stack.prefillFirst !== undefined,
      pollEvery: deployment.pollEvery,
      acceptance: deployment.acceptance,
      utilisation: deployment.memoryUtilisation,
      lora: deployment.lora,
    }),
  );
}

function splitPools(scenario: Scenario, { prefill, decode }: DisaggregatedDeployment, pricers: PricerSource): readonly DeployedPool[] {
  return [
    pool(scenario, pricers, 0, 'prefill', prefill.instances, prefill.layout, {
      maxSequences: Infinity,
      tokenBudget: Math.floor(prefill.batchTokens / dataRanks(prefill.layout)),
      watermark: 0,
      prefixCaching: false,
      acceptance: [],
    }),
    pool(scenario, pricers, 1, 'decode', decode.instances, decode.layout, {
      maxSequences: decode.maxSequences,
      tokenBudget: Infinity,
      watermark,
      prefixCaching: false,
      acceptance: decode.acceptance,
    }),
  ];
}

/**
 * Longest prompt and answer together that pools of one model take.
 * @throws InputError where there is no room for any
 */
function limitsOf(pools: readonly DeployedPool[]): Pick<Plant, 'maxContext' | 'maxContextOf'> {
  const positions = Math.min(...pools.map(({ setting }) => setting.model.maxPositions));
  const fits = pools.map(({ plant }) => (plant.kvBlocks - plant.watermarkBlocks - plant.stateBlocks) * plant.blockTokens);
  const maxContext = Math.min(positions, ...fits);
  if (maxContext < 2) {
    throw new InputError(
      pools.map(({ plant }) => ({
        path: `deployment.${plant.role}`,
        message: `no room for the KV of a single prompt: ${plant.kvBlocks} blocks of ${plant.blockTokens} tokens per rank`,
      })),
    );
  }
  return { maxContext, maxContextOf: maxContext === positions ? 'the model' : 'the KV memory of a rank' };
}

function tenantsOf(workload: Workload): readonly TenantPlant[] {
  const stated = ('mix' in workload ? workload.mix?.tenants : undefined) ?? [];
  // Those of the file stand over those that a trace names.
  const named: readonly Pick<Tenant, 'name' | 'weight' | 'slo'>[] =
    stated.length > 0 || workload.kind !== 'trace' ? stated : (workload.columns.tenants ?? []).map((name) => ({ name }));
  return named.map(({ name, weight = 1, slo = {} }) => ({ name, weight, slo }));
}

interface PoolLimits {
  /** Its role by default. */
  readonly name?: string | undefined;
  readonly maxSequences: number;
  readonly tokenBudget: number;
  readonly watermark: number;
  readonly prefixCaching: boolean;
  readonly prefillFirst?: boolean | undefined;
  readonly pollEvery?: number | undefined;
  readonly acceptance: readonly number[];
  readonly utilisation?: number | undefined;
  readonly lora?: Lora | undefined;
}

function pool(
  scenario: Scenario,
  pricers: PricerSource,
  index: number,
  role: InstanceRole,
  instances: number,
  layout: Layout,
  limits: PoolLimits,
): DeployedPool {
  const { machine, model, precision, stack } = scenario;
  const ranks = dataRanks(layout);
  const { control } = scenario;
  // Sequences are spread over the batches that a pipeline has in flight.
  const maxSequences = Math.ceil(limits.maxSequences / layout.pipeline);
  const decodeTokens = Math.min(maxSequences, 1e9) * (1 + layout.draftTokens);
  const maxBatchTokens = role === 'decode' ? decodeTokens : limits.tokenBudget;
  const adapters = limits.lora === undefined ? undefined : adaptersOf(scenario, layout, limits.lora);
  const adapterBytes = adapters === undefined ? 0 : adapters.slots * adapters.cost.bytes;
  const { utilisation } = limits;
  const memoryRequest = { machine, model, precision, layout, stack, maxBatchTokens, maxSequences, utilisation, adapterBytes };
  const memory = memoryBudget(memoryRequest);
  const setting: StepSetting = { machine, model, precision, layout, stack, role };
  const { exact, compiled } = pricers(setting);
  const dies = instances * instanceDies(layout);
  return {
    plant: {
      name: limits.name ?? role,
      role,
      instances: control === undefined ? instances : mostInstances(control, index, role, instances),
      atStart: control === undefined ? undefined : instances,
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
      adapters,
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
    memoryRequest,
    dies,
    chips: dies / machine.chip.dies,
  };
}

function adaptersOf({ machine, model, stack }: Scenario, layout: Layout, { rank, slots }: Lora): AdapterPlant {
  const cost = adapterCost(machine, model, layout, stack, rank);
  return { rank, slots, cost, load: cost.bytes / localPerDie(machine) };
}

function estimatedAdapters({ name }: PoolPlant): Doubt {
  return {
    rule: 'adapters-estimated',
    where: name,
    message:
      'what adapters take is an estimate at data-sheet rates, with no measurement behind it; loads hold the iteration up, cached prefixes are found whatever their adapter was, and neither power nor the load that a pool sustains counts adapters',
  };
}
