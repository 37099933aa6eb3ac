import { times, type Figure } from '../catalogue/figure.ts';
import type { Machine } from '../catalogue/machine.ts';
import type { ActivityFigures } from '../catalogue/power.ts';
import type { Condition } from '../catalogue/uncertainty.ts';
import type { StepPricer } from '../cost/batch.ts';
import { poolUse } from './pool-use.ts';
import { stepPricer } from '../cost/pricer.ts';
import type { PricerSource } from '../cost/shared-pricers.ts';
import { drawsOf, onlyOf } from '../cost/uncertainty/draws.ts';
import { priceErrors } from '../cost/uncertainty/errors.ts';
import { emittedBy } from '../cost/uncertainty/step-interval.ts';
import { Unknowns } from '../cost/uncertainty/unknowns.ts';
import { createSimulation, type DeployedPool, type Run } from '../serving/deploy.ts';
import { factorsOf, RecordingPricer, ScaledPricer } from '../serving/sampled-pricer.ts';
import { inFlight } from '../serving/traffic/pace.ts';
import type { PoolMeter } from '../serving/metrics.ts';
import type { Deployment, Scenario } from '../serving/scenario.ts';
import { poolLoad } from './capacity.ts';
import { intervalsOf, type Sampled } from './intervals.ts';
import type { Intervals, Summary } from './summary.ts';
import { meanRequest, measure } from './summarise.ts';

/** How the intervals of a run are drawn. */
export interface RunIntervalOptions {
  /** Runs; at least 9, 12 by default. */
  readonly samples?: number | undefined;
  /** Requests of each; by default those of three mean residences, from 2,000 to 3,000. At most those of the run. */
  readonly requests?: number | undefined;
  /** Conditions that the case states, so that they are not off. */
  readonly known?: readonly Condition[] | undefined;
  /** Unknowns, by the names of their draws, that are off; all by default. */
  readonly only?: ((name: string) => boolean) | undefined;
}

const samplesByDefault = 12;
/** Residences that a short run lasts, if the requests allow. */
const residences = 3;
const [fewest, most] = [2000, 3000];

/** A closed loop is not in its stride before all of its clients have come round a few times. */
const rounds = 4;

/**
 * The 80 % intervals of a run's headline metrics. The same scenario, shorter, is run once as it is and once for each sample; what its latencies are
 * over those of the nominal one carries over to the long run. Loads are those of the long run at the sample's prices, and what an open loop puts
 * through follows from them. A generator, so that a shell may look at the clock between two runs; its value is the result.
 * Steps of a sample are those of the run times what the sample's exact price of a step of that size is over the nominal one.
 */
export function* sampledRuns(run: Run, summary: Summary, options: RunIntervalOptions = {}): Generator<number, Intervals, undefined> {
  const { scenario, deployed } = run;
  const { samples = samplesByDefault, known, only } = options;
  const { window } = measure(run);
  const short = shortened(scenario, options.requests ?? requestsFor(summary));
  const recorders = deployed.pools.map(({ plant }) => new RecordingPricer(plant.pricer));
  const nominal = counted(short, inPlaceOf(deployed, recorders));
  const found: Sampled[] = [];
  for (const whole of drawsOf(scenario.seed, samples)) {
    const draw = only === undefined ? whole : onlyOf(whole, only);
    yield found.length / samples;
    const { uncertainty } = scenario.stack;
    const unknowns = new Unknowns(uncertainty, draw, known);
    const errors = priceErrors(uncertainty, draw);
    const exact = deployed.pools.map(({ setting }) => stepPricer(unknowns.setting(setting), errors));
    const pricers = deployed.pools.map(({ plant, pricer }, p) => {
      const { examples } = recorders[p] as RecordingPricer;
      return new ScaledPricer(plant.pricer, factorsOf(examples, pricer, exact[p] as StepPricer));
    });
    const changed = { ...short, deployment: drafts(short.deployment, unknowns), machine: sampledMachine(short.machine, unknowns) };
    const length = window.to - window.from;
    const uses = poolUse(run, window.from, window.to);
    found.push({
      measured: measure(counted(changed, inPlaceOf(deployed, pricers), nominal.simulation.metrics.width)),
      loads: deployed.pools.map(({ plant }, p) => {
        const emitted = emittedBy(unknowns.acceptance(plant.acceptance)) / emittedBy(plant.acceptance);
        const own = { plant: { ...plant, pricer: exact[p] as StepPricer } };
        return poolLoad(own, window.total.pools[p] as PoolMeter, length * (uses[p]?.served ?? 0), meanRequest(window.total), emitted);
      }),
      price: unknowns.factor('price'),
    });
  }
  return intervalsOf({ summary, nominal: measure(nominal), samples: found, requests: short.workload.requests, open: !loops(scenario) });
}

/** Requests of as many residences as a short run is to last. */
function requestsFor({ window, throughput }: Summary): number {
  const wanted = window.residences > 0 ? (residences * throughput.requests * (window.to - window.from)) / window.residences : fewest;
  return Math.ceil(Math.min(most, Math.max(fewest, wanted)));
}

/** The same at once. */
export function simulationInterval(run: Run, summary: Summary, options: RunIntervalOptions = {}): Intervals {
  const runs = sampledRuns(run, summary, options);
  for (;;) {
    const { done, value } = runs.next();
    if (done === true) return value;
  }
}

/** Pricers of the pools of a deployment, in their order: no two have one role. */
function inPlaceOf({ pools }: Run['deployed'], pricers: readonly StepPricer[]): PricerSource {
  return ({ role }) => {
    const p = pools.findIndex(({ plant }) => plant.role === role);
    return { exact: (pools[p] as DeployedPool).pricer, compiled: pricers[p] as StepPricer };
  };
}

/** Runs a scenario to its end, counted in intervals of `width` seconds to begin with: of the right width, none has to be merged. */
function counted(scenario: Scenario, pricers: PricerSource, width?: number): Run {
  const run = createSimulation(scenario, undefined, pricers);
  if (width !== undefined) run.simulation.metrics.width = width;
  while (run.simulation.step());
  return run;
}

/** The first requests of a scenario. */
function shortened(scenario: Scenario, requests: number): Scenario {
  const { workload } = scenario;
  const enough = Math.min(workload.requests, Math.max(requests, rounds * (inFlight(workload) ?? 0)));
  return { ...scenario, workload: { ...workload, requests: enough } };
}

function loops(scenario: Scenario): boolean {
  return inFlight(scenario.workload) !== undefined;
}

function drafts(deployment: Deployment, unknowns: Unknowns): Deployment {
  if (deployment.kind === 'merged') return { ...deployment, acceptance: unknowns.acceptance(deployment.acceptance) };
  const { decode } = deployment;
  return { ...deployment, decode: { ...decode, acceptance: unknowns.acceptance(decode.acceptance) } };
}

/** What engines draw: each figure has an error of its own. */
function sampledActivity(activity: ActivityFigures, unknowns: Unknowns): ActivityFigures {
  const of = (part: keyof ActivityFigures): Figure => ({ ...activity[part], value: activity[part].value * unknowns.factor('activity', part) });
  return { running: of('running'), matrix: of('matrix'), vector: of('vector'), memory: of('memory'), link: of('link') };
}

/** What transfers reach on each plane, what the machine draws and costs. */
function sampledMachine(machine: Machine, unknowns: Unknowns): Machine {
  const { power, price } = { power: unknowns.factor('power'), price: unknowns.factor('price') };
  return {
    ...machine,
    planes: machine.planes.map((plane) => {
      const factor = unknowns.factor('bandwidth', plane.name);
      return {
        ...plane,
        efficiency: times(plane.efficiency, factor),
        paths: plane.paths.map((path) => ({ ...path, bandwidth: times(path.bandwidth, factor) })),
        cpuPort: plane.cpuPort === undefined ? undefined : times(plane.cpuPort, factor),
      };
    }),
    power: machine.power === undefined ? undefined : times(machine.power, power),
    powerFacts: machine.powerFacts === undefined ? undefined : { ...machine.powerFacts, activity: sampledActivity(machine.powerFacts.activity, unknowns) },
    draws: machine.draws?.map((draw) => ({ ...draw, idle: draw.idle === undefined ? undefined : times(draw.idle, power), max: times(draw.max, power) })),
    price: machine.price === undefined ? undefined : times(machine.price, price),
    hourly: machine.hourly === undefined ? undefined : times(machine.hourly, price),
    chip: {
      ...machine.chip,
      power: {
        max: times(machine.chip.power.max, power),
        idle: machine.chip.power.idle === undefined ? undefined : times(machine.chip.power.idle, power),
      },
      price: machine.chip.price === undefined ? undefined : times(machine.chip.price, price),
    },
  };
}
