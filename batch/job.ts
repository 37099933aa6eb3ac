import type { PricerSource } from '../src/cost/shared-pricers.ts';
import { shardOf, type Shard } from '../src/report/merged/shard.ts';
import { createSimulation } from '../src/serving/deploy.ts';
import type { Scenario } from '../src/serving/scenario.ts';

/** One run of a batch: what it has instead of the batch's scenario. Machine, model and stack are those of all. */
export type Job = Partial<Scenario>;

/** Events between two looks at the clock, and time between two messages. [ms] */
const burst = 4096;
const interval = 100;

/** Runs a job to its end. @param told how many requests have ended, now and then */
export function runJob(base: Scenario, job: Job, pricers: PricerSource, version: string, told: (ended: number) => void): Shard {
  const run = createSimulation({ ...base, ...job }, undefined, pricers);
  const { simulation } = run;
  let toldAt = performance.now();
  for (let going = true; going;) {
    for (let i = 0; i < burst && going; i++) going = simulation.step();
    if (performance.now() - toldAt < interval) continue;
    toldAt = performance.now();
    const { finished, rejected, failed } = simulation.snapshot();
    told(finished + rejected + failed);
  }
  return shardOf(run, version);
}
