import { readFaults } from '../../schema/scenario/faults.ts';
import { Problems } from '../../schema/scenario/problems.ts';
import type { Scenario } from '../../src/serving/scenario.ts';
import type { TraceColumns } from '../../src/serving/traffic/workload.ts';

const nobody: TraceColumns = {
  count: 0,
  arrivedAt: new Float64Array(0),
  inputTokens: new Int32Array(0),
  outputTokens: new Int32Array(0),
  blockTokens: 0,
  blockStart: new Int32Array(0),
  blocks: new Int32Array(0),
};

/** A scenario that faults from outside can come over, with what is assumed of recovery where it says nothing. */
export function openToFaults(scenario: Scenario): Scenario {
  if (scenario.faults !== undefined || scenario.experts !== undefined) return scenario;
  return { ...scenario, faults: readFaults([], {}, scenario.machine, new Problems('')) };
}

/** A scenario whose requests all come from outside. */
export function withoutTraffic(scenario: Scenario): Scenario {
  const { mix } = scenario.workload;
  return { ...scenario, workload: { kind: 'trace', name: 'live clients', requests: 0, columns: nobody, speed: 1, ...(mix === undefined ? {} : { mix }) } };
}
