import { sharedPricers } from '../../src/cost/shared-pricers.ts';
import { createSimulation } from '../../src/serving/deploy.ts';
import type { Scenario } from '../../src/serving/scenario.ts';

/** The example that is run, and how much of it: enough for the compiler to have done its work behind the first run. */
export const example = 'cloudmatrix384-deepseek-r1';
export const requests = 5000;
const repeats = 4;

/** Requests per second that the engine does at best, in runs behind each other. */
export function rateOf(scenario: Scenario): number {
  const pricers = sharedPricers(4);
  let least = Infinity;
  for (let i = 0; i < repeats; i++) {
    const { simulation } = createSimulation(scenario, undefined, pricers);
    const start = performance.now();
    while (simulation.step());
    least = Math.min(least, performance.now() - start);
    if (simulation.snapshot().finished !== scenario.workload.requests) throw new Error('not all requests were finished');
  }
  return (1000 * scenario.workload.requests) / least;
}
