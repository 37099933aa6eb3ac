import type { Scenario } from './scenario.ts';
import { seedOf, splitWorkload } from './traffic/split.ts';

/**
 * The scenarios of the machines of a fleet: each serves its part of the traffic with draws of its own, and knows nothing of the others.
 * A scenario without a fleet is its only one.
 */
export function machinesOf(scenario: Scenario): readonly Scenario[] {
  const { fleet, workload, seed } = scenario;
  if (fleet === undefined) return [scenario];
  return splitWorkload(workload, fleet.machines, fleet.split).map((part, m) => ({ ...scenario, fleet: undefined, workload: part, seed: seedOf(seed, m) }));
}
