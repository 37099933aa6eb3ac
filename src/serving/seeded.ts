import type { Scenario } from './scenario.ts';

/** The scenario with every random stream begun by another seed: that of the run, of its traffic and of who sends it. */
export function withSeed(scenario: Scenario, seed: number): Scenario {
  const { workload } = scenario;
  const mix = workload.mix === undefined ? undefined : { ...workload.mix, seed };
  return { ...scenario, seed, workload: workload.kind === 'trace' ? { ...workload, mix } : { ...workload, seed, mix } };
}
