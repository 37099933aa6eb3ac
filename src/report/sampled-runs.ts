import type { Figure } from '../catalogue/figure.ts';
import type { Machine } from '../catalogue/machine.ts';
import type { Condition } from '../catalogue/uncertainty.ts';
import { stepPricer } from '../cost/pricer.ts';
import { drawsOf, type Draw } from '../cost/uncertainty/draws.ts';
import { priceErrors } from '../cost/uncertainty/errors.ts';
import { Unknowns } from '../cost/uncertainty/unknowns.ts';
import { createSimulation, type Run } from '../serving/deploy.ts';
import { factorsOf, RecordingPricer, ScaledPricer } from '../serving/sampled-pricer.ts';
import type { Deployment, Scenario } from '../serving/scenario.ts';
import { intervalsOf } from './intervals.ts';
import type { Intervals, Summary } from './summary.ts';
import { measure, type Measured } from './summarise.ts';

/** How the intervals of a run are drawn. */
export interface RunIntervalOptions {
  /** Runs; at least 9, 12 by default. */
  readonly samples?: number | undefined;
  /** Requests of each; 2,500 by default, at most those of the run. */
  readonly requests?: number | undefined;
  /** Conditions that the case states, so that they are not off. */
  readonly known?: readonly Condition[] | undefined;
}

const defaults = { samples: 12, requests: 2500 } as const;

/** A closed loop is not in its stride before all of its clients have come round a few times. */
const rounds = 4;

/**
 * The 80 % intervals of a run's headline metrics: the same scenario, shorter, is run once as it is and once for each sample, and the ratios of its
 * metrics carry over to the long run. A generator, so that a shell may look at the clock between two runs; its value is the result.
 * Steps of a sample are those of the run times what the sample's exact price of a step of that size is over the nominal one.
 */
export function* sampledRuns(run: Run, summary: Summary, options: RunIntervalOptions = {}): Generator<number, Intervals, undefined> {
  const { scenario, deployed } = run;
  const { samples = defaults.samples, known } = options;
  const short = shortened(scenario, options.requests ?? defaults.requests);
  const recorders = deployed.pools.map(({ plant }) => new RecordingPricer(plant.pricer));
  const nominal = counted(short, recorders);
  const found: Measured[] = [];
  for (const draw of drawsOf(scenario.seed, samples)) {
    yield found.length / samples;
    found.push(sampled(run, short, recorders, { draw, known, width: nominal.simulation.metrics.width }));
  }
  return intervalsOf(summary, measure(nominal), found, short.workload.requests);
}

/** The same at once. */
export function simulationInterval(run: Run, summary: Summary, options: RunIntervalOptions = {}): Intervals {
  const runs = sampledRuns(run, summary, options);
  for (;;) {
    const { done, value } = runs.next();
    if (done === true) return value;
  }
}

interface Sample {
  readonly draw: Draw;
  readonly known: readonly Condition[] | undefined;
  readonly width: number;
}

function sampled({ deployed, scenario }: Run, short: Scenario, recorders: readonly RecordingPricer[], { draw, known, width }: Sample): Measured {
  const { uncertainty } = scenario.stack;
  const unknowns = new Unknowns(uncertainty, draw, known);
  const errors = priceErrors(uncertainty, draw);
  const pricers = deployed.pools.map(({ plant, pricer, setting }, p) => {
    const { examples } = recorders[p] as RecordingPricer;
    return new ScaledPricer(plant.pricer, factorsOf(examples, pricer, stepPricer(unknowns.setting(setting), errors)));
  });
  return measure(counted({ ...short, deployment: drafts(short.deployment, unknowns), machine: sampledMachine(short.machine, unknowns) }, pricers, width));
}

/** Runs a scenario to its end, counted in intervals of `width` seconds to begin with: of the right width, none has to be merged. */
function counted(scenario: Scenario, pricers: Parameters<typeof createSimulation>[2], width?: number): Run {
  const run = createSimulation(scenario, undefined, pricers);
  if (width !== undefined) run.simulation.metrics.width = width;
  while (run.simulation.step());
  return run;
}

/** The first requests of a scenario. */
function shortened(scenario: Scenario, requests: number): Scenario {
  const { workload } = scenario;
  const inFlight = workload.kind === 'trace' ? workload.concurrency : workload.arrivals.kind === 'closed' ? workload.arrivals.concurrency : undefined;
  const enough = Math.min(workload.requests, Math.max(requests, rounds * (inFlight ?? 0)));
  return { ...scenario, workload: { ...workload, requests: enough } };
}

function drafts(deployment: Deployment, unknowns: Unknowns): Deployment {
  if (deployment.kind === 'merged') return { ...deployment, acceptance: unknowns.acceptance(deployment.acceptance) };
  const { decode } = deployment;
  return { ...deployment, decode: { ...decode, acceptance: unknowns.acceptance(decode.acceptance) } };
}

/** What transfers reach on each plane, what the machine draws and costs. */
function sampledMachine(machine: Machine, unknowns: Unknowns): Machine {
  const times = (figure: Figure, factor: number): Figure => ({ ...figure, value: figure.value * factor });
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
    hourly: machine.hourly === undefined ? undefined : times(machine.hourly, price),
    chip: {
      ...machine.chip,
      power: { ...machine.chip.power, max: times(machine.chip.power.max, power) },
      price: machine.chip.price === undefined ? undefined : times(machine.chip.price, price),
    },
  };
}
