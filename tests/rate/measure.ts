import { sharedPricers } from '../../src/cost/shared-pricers.ts';
import { createSimulation } from '../../src/serving/deploy.ts';
import type { Scenario } from '../../src/serving/scenario.ts';

/** The example that is run, and how much of it. */
export const example = 'cloudmatrix384-deepseek-r1';
export const requests = 5000;

/** Runs it once for each call, with the costs that earlier runs have compiled, and returns the requests per second that the engine did. */
export function runsOf(scenario: Scenario): () => number {
  const pricers = sharedPricers(4);
  return () => {
    const { simulation } = createSimulation(scenario, undefined, pricers);
    const start = performance.now();
    while (simulation.step());
    const took = performance.now() - start;
    if (simulation.snapshot().finished !== scenario.workload.requests) throw new Error('not all requests were finished');
    return (1000 * scenario.workload.requests) / took;
  };
}
