import process from 'node:process';
import { inlineFor } from '../../batch/inlining.ts';
import { holdNursery } from '../../batch/nursery.ts';
import { summarise } from '../../src/report/summarise.ts';
import { sharedPricers, type PricerSource } from '../../src/cost/shared-pricers.ts';
import { createSimulation, type Run } from '../../src/serving/deploy.ts';
import type { Scenario } from '../../src/serving/scenario.ts';
import { inFlight } from '../../src/serving/traffic/pace.ts';
import type { SpeedCase } from './cases.ts';

/** Work that was done: the same on every machine, whatever it took. */
export interface Counts {
  readonly finished: number;
  readonly rejected: number;
  readonly outputTokens: number;
  /** Iterations of all instances. */
  readonly steps: number;
  /** Simulated time. [s] */
  readonly at: number;
}

/** One run of a case in a process of its own. */
export interface Measured {
  readonly counts: Counts;
  /** Entries taken from the event queue. */
  readonly events: number;
  /** From the start of the process to the first event: modules, scenario, calibration, trace, and two short runs in which machine code and costs are compiled. [s] */
  readonly start: number;
  /** Of the run itself: wall and processor time, which includes what the collector does beside it. [s] */
  readonly wall: number;
  readonly processor: number;
  /** [B] */
  readonly peak: number;
  /** What the pool that binds came to. */
  readonly bound?: number | undefined;
}

/** Requests that are counted together, since a system may count processor time in steps of some milliseconds; and how often the cost of fewer than a million is found. */
const together = 100_000;
const tries = 5;

/**
 * Processor time per request of each scenario once code and costs are compiled: the least of some tries in one process, behind shorter runs; a try is one run, or
 * as many short ones as it takes to be told. [s]
 */
export function warmCosts(scenarios: readonly Scenario[]): readonly number[] {
  holdNursery();
  inlineFor(Math.max(...scenarios.map(({ workload }) => workload.requests)));
  const pricers = sharedPricers(8);
  const once = (scenario: Scenario): number => {
    const runs = Math.ceil(together / scenario.workload.requests);
    let used = 0;
    for (let i = 0; i < runs; i++) {
      const { simulation } = createSimulation(scenario, undefined, pricers);
      const before = process.cpuUsage();
      while (simulation.step());
      const { user, system } = process.cpuUsage(before);
      used += user + system;
    }
    return used / 1e6 / (runs * scenario.workload.requests);
  };
  for (const scenario of scenarios) warm(scenario, pricers);
  return scenarios.map((scenario) => Math.min(...Array.from({ length: scenario.workload.requests < 1e6 ? tries : 1 }, () => once(scenario))));
}

export async function measure({ binds, name, scenario }: SpeedCase, requests: number): Promise<Measured> {
  holdNursery();
  inlineFor(requests);
  const pricers = sharedPricers(8);
  const whole = await scenario(requests);
  warm(whole, pricers);
  const run = createSimulation(whole, undefined, pricers);
  const { simulation } = run;
  const start = process.uptime();
  const before = process.cpuUsage();
  while (simulation.step());
  const used = process.cpuUsage(before);
  const wall = process.uptime() - start;
  const peak = process.resourceUsage().maxRSS * 1024;
  const { arrived, finished, rejected, failed, events, at } = simulation.snapshot();
  if (arrived !== requests || finished + rejected !== requests || failed > 0)
    throw new Error(`${name}: ${arrived} arrived, ${finished} finished, ${rejected} rejected, ${failed} failed of ${requests}`);
  const outputTokens = simulation.metrics.intervals.reduce((sum, interval) => sum + interval.outputTokens, 0);
  const bound = binds === undefined ? undefined : boundOf(run, binds);
  return {
    counts: { finished, rejected, outputTokens, steps: simulation.steps, at },
    events,
    start,
    wall,
    processor: (used.user + used.system) / 1e6,
    peak,
    bound,
  };
}

/**
 * Requests of each of the runs that belong to the start. What is done for an iteration, of which a chat request takes 0.06, is compiled when it has been called
 * thousands of times; the second run finds what machine code took for fixed in the first.
 */
const warming = 64_000;
/** Of a closed loop so many times what it keeps in flight: fewer would end before its places have been full for long. */
const rounds = 4;
const warmings = 2;

/** Compiles machine code and costs of a scenario by shorter runs of it: of the same machine and model, told apart by identity, so that costs are shared. */
function warm({ workload, ...scenario }: Scenario, pricers: PricerSource): void {
  const requests = Math.min(workload.requests, Math.max(warming, rounds * (inFlight(workload) ?? 0)));
  for (let i = 0; i < warmings; i++) {
    const { simulation } = createSimulation({ ...scenario, workload: { ...workload, requests } }, undefined, pricers);
    while (simulation.step());
  }
}

function boundOf(run: Run, { pool, measure: key }: NonNullable<SpeedCase['binds']>): number {
  const found = summarise(run, '').pools.find(({ name }) => name === pool);
  if (found === undefined) throw new Error(`no pool ${pool}`);
  return found[key];
}
