import { InputError } from '../src/base/errors.ts';
import { formatQuantity, significant } from '../src/base/quantity.ts';
import type { Summary } from '../src/report/summary.ts';
import type { Scenario } from '../src/serving/scenario.ts';

/** Share of finished requests that have to meet the whole service level. */
export const goodShare = 0.9;
/** What a rate has to do to count as carried. */
export const criterion: string = `at least ${goodShare * 100} % of the requests meet the service level, and the queue does not grow`;

/** How close the search comes: the highest rate that passes and the lowest that fails differ by less. */
const precision = 0.02;
const mostTries = 24;

/** Whether a run carried its traffic. */
function carries({ goodput, saturation }: Summary): boolean {
  return goodput.share >= goodShare && !saturation.saturated;
}

/** The rate that `--find-rate` moves: of a generator in requests per second, of a trace as a multiple of its own times. */
export function rateOf({ workload }: Scenario): { readonly value: number; readonly show: (rate: number) => string } | undefined {
  if (workload.kind === 'trace') return workload.concurrency === undefined ? { value: workload.speed, show: (speed) => `${significant(speed)} x` } : undefined;
  return workload.arrivals.kind === 'closed' ? undefined : { value: workload.arrivals.rate, show: (rate) => formatQuantity(rate, '/s') };
}

/** The scenario at another rate. */
export function atRate(scenario: Scenario, rate: number): Scenario {
  const { workload } = scenario;
  if (workload.kind === 'trace') return { ...scenario, workload: { ...workload, speed: rate } };
  return workload.arrivals.kind === 'closed' ? scenario : { ...scenario, workload: { ...workload, arrivals: { ...workload.arrivals, rate } } };
}

interface Try {
  readonly rate: number;
  readonly passed: boolean;
  readonly summary: Summary;
}

export interface Search {
  /** The best rate that passed; undefined where none did. */
  readonly best: Try | undefined;
  /** In the order in which they were tried. */
  readonly tries: readonly Try[];
}

/**
 * The highest rate that `run` carries: doubles or halves from the scenario's own rate until one passes and one fails, then bisects by
 * the geometric mean. A run that was interrupted ends the search.
 * @throws InputError for a closed loop, which has no rate.
 */
export async function findRate(
  scenario: Scenario,
  run: (scenario: Scenario, index: number) => Promise<{ readonly summary: Summary; readonly interrupted: boolean }>,
): Promise<Search> {
  const start = rateOf(scenario);
  if (start === undefined)
    throw new InputError([{ path: '--find-rate', message: 'a closed loop has no rate; expected open-loop traffic (workload.rate or a trace)' }]);
  if (Object.values(scenario.slo).every((bound) => bound === undefined))
    throw new InputError([{ path: '--find-rate', message: 'needs a service level: slo in the file, or --slo ttft:2s,tpot:50ms' }]);
  const tries: Try[] = [];
  let passed: Try | undefined;
  let failed: Try | undefined;
  let rate = start.value;
  while (tries.length < mostTries && (passed === undefined || failed === undefined || failed.rate / passed.rate > 1 + precision)) {
    const { summary, interrupted } = await run(atRate(scenario, rate), tries.length);
    if (interrupted) break;
    const attempt: Try = { rate, passed: carries(summary), summary };
    tries.push(attempt);
    if (attempt.passed) passed = attempt;
    else failed = attempt;
    if (passed === undefined) rate /= 2;
    else if (failed === undefined) rate *= 2;
    else rate = Math.sqrt(passed.rate * failed.rate);
  }
  return { best: passed, tries };
}
