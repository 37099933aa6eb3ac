import { hashOf } from '../../src/report/hash.ts';
import type { Scenario } from '../../src/serving/scenario.ts';
import { partsOf, portable, type Numbers } from './portable.ts';

/** Format of an event log. */
export const logSchema = 'supernode/events/1';

/** The first lines of an event log: the whole scenario, so that it runs again, then the numbers of its traces. */
export function* logHead(scenario: Scenario, version: string): Generator<string, void, undefined> {
  const kept: Numbers[] = [];
  const whole = portable(scenario, kept);
  yield JSON.stringify({ schema: logSchema, version, seed: scenario.seed, scenarioHash: hashOf(scenario), arrays: kept.length, scenario: whole });
  for (const [array, numbers] of kept.entries()) for (const values of partsOf(numbers)) yield JSON.stringify({ kind: 'data', array, values });
}

/** The last line: how the run ended, and what its summary is. */
export interface LogEnd {
  readonly kind: 'end';
  readonly at: number;
  /** Events and actions from outside that the log holds. */
  readonly records: number;
  readonly interrupted: boolean;
  readonly summaryHash: string;
}
