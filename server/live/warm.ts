import { sharedPricers, type PricerSource } from '../../src/cost/shared-pricers.ts';
import { createSimulation } from '../../src/serving/deploy.ts';
import type { Scenario } from '../../src/serving/scenario.ts';

/** Events between two looks at the clock. */
const burst = 64;

/**
 * Pricers of a scenario that have been asked before: a run of its own traffic, which nobody sees, pays for what is worked out when it is first needed, so that
 * the first client does not wait for it. Costs do not depend on who asks first.
 * @param budget of it [ms]
 */
export function warmPricers(scenario: Scenario, budget: number): PricerSource {
  const pricers = sharedPricers(16);
  const { simulation } = createSimulation(scenario, undefined, pricers);
  const until = performance.now() + budget;
  while (performance.now() < until) for (let i = 0; i < burst; i++) if (!simulation.step()) return pricers;
  return pricers;
}
