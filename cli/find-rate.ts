import { InputError } from '../src/base/errors.ts';
import { formatQuantity, significant } from '../src/base/quantity.ts';
import type { Summary } from '../src/report/summary.ts';
import type { Scenario } from '../src/serving/scenario.ts';
import { atPace, paceOf } from '../src/serving/traffic/pace.ts';
import { expectServiceLevel, goodShare } from './service-level.ts';

/** What a rate has to do to count as carried. */
export const criterion: string = `at least ${goodShare * 100} % of the requests meet the service level, the queue does not grow over a window of five residences, and no pool gets more than it sustains`;

/** How close the search comes: the highest rate that passes and the lowest that fails differ by less. */
const precision = 0.02;
const mostTries = 24;

/** A run shorter than this says little: at a high rate few requests are over before anything has filled up. */
const enoughResidences = 5;
const mostRequests = 4_000_000;
/** One that is not carried says so sooner. */
const fewestResidences = 2;
/** How often a run is made longer at one rate: one that is not carried may be stuck where nothing shows but its length. */
const mostExtensions = { carried: 6, not: 1 };

/** A pool at a load above this falls behind for as long as the traffic lasts; the little above 1 is what estimating the load may be off by. */
const mostLoad = 1.02;

/** Whether the machine keeps up, however late the requests are. */
function keepsUp({ saturation, pools }: Summary): boolean {
  return !saturation.saturated && pools.every(({ load }) => load <= mostLoad);
}

/** Whether a run carried its traffic. */
function carries(summary: Summary): boolean {
  return summary.goodput.share >= goodShare && keepsUp(summary);
}

/** Whether a run that keeps up is too short to say what becomes of it. */
function tellsTooLittle(summary: Summary): boolean {
  return keepsUp(summary) && summary.window.residences < (carries(summary) ? enoughResidences : fewestResidences);
}

/** The scenario with enough requests for its arrivals to last, going by a run that was too short; undefined where there are no more to be had. */
function longer(scenario: Scenario, { window }: Summary): Scenario | undefined {
  const { workload } = scenario;
  if (workload.kind === 'trace' || workload.requests >= mostRequests) return undefined;
  const times = Math.min(16, Math.max(2, (1.5 * enoughResidences) / Math.max(0.1, window.residences)));
  const requests = Math.min(mostRequests, Math.ceil(workload.requests * times));
  return { ...scenario, workload: workload.kind === 'sessions' ? { ...workload, requests, sessions: workload.sessions * times } : { ...workload, requests } };
}

/** The rate that `--find-rate` moves: of a generator in requests or sessions per second, of a trace as a multiple of its own times. */
export function rateOf({ workload }: Scenario): { readonly value: number; readonly show: (rate: number) => string } | undefined {
  const pace = paceOf(workload);
  if (pace === undefined) return undefined;
  const { value, unit } = pace;
  if (unit === 'times') return { value, show: (speed) => `${significant(speed)} x` };
  return { value, show: (rate) => `${formatQuantity(rate, '/s')}${unit === 'sessions/s' ? ' of sessions' : ''}` };
}

/** The scenario at another rate. */
export function atRate(scenario: Scenario, rate: number): Scenario {
  return { ...scenario, workload: atPace(scenario.workload, rate) };
}

interface Try {
  readonly rate: number;
  readonly passed: boolean;
  /** It carried all that came, which did not last long enough to say that it would go on. */
  readonly tooShort: boolean;
  readonly summary: Summary;
}

export interface Search {
  /** The best rate that passed; undefined where none did. */
  readonly best: Try | undefined;
  /** In the order in which they were tried. */
  readonly tries: readonly Try[];
}

/** The lowest rate that failed. */
export function lowestFailed({ tries }: Search): Try | undefined {
  return tries.reduce<Try | undefined>((low, attempt) => (!attempt.passed && (low === undefined || attempt.rate < low.rate) ? attempt : low), undefined);
}

/** The same, where the service level alone is why: the queue was steady there, and no pool above what it sustains. */
export function stoppedByServiceLevel(search: Search): Try | undefined {
  const lowest = lowestFailed(search);
  return lowest !== undefined && lowest.summary.goodput.share < goodShare && keepsUp(lowest.summary) ? lowest : undefined;
}

/**
 * The highest rate that `run` carries: doubles or halves from the scenario's own rate until one passes and one fails, then bisects by
 * the geometric mean. A run that keeps up, as far as it goes, but is too short for a steady window is run again with more requests; a trace that
 * is too short at a rate does not count as carried there. A run that was interrupted ends the search.
 * @throws InputError for a closed loop, which has no rate.
 */
export async function findRate(
  scenario: Scenario,
  run: (scenario: Scenario, index: number) => Promise<{ readonly summary: Summary; readonly interrupted: boolean }>,
): Promise<Search> {
  const start = rateOf(scenario);
  if (start === undefined)
    throw new InputError([{ path: '--find-rate', message: 'a closed loop has no rate; expected open-loop traffic (workload.rate or a trace)' }]);
  expectServiceLevel('--find-rate', scenario);
  const tries: Try[] = [];
  let passed: Try | undefined;
  let failed: Try | undefined;
  let rate = start.value;
  while (tries.length < mostTries && (passed === undefined || failed === undefined || failed.rate / passed.rate > 1 + precision)) {
    let attempted = atRate(scenario, rate);
    let { summary, interrupted } = await run(attempted, tries.length);
    for (let more = 0; more < mostExtensions[carries(summary) ? 'carried' : 'not'] && !interrupted && tellsTooLittle(summary); more++) {
      const extended = longer(attempted, summary);
      if (extended === undefined) break;
      attempted = extended;
      ({ summary, interrupted } = await run(attempted, tries.length));
    }
    if (interrupted) break;
    const long = summary.window.residences >= enoughResidences;
    const attempt: Try = { rate, passed: carries(summary) && long, tooShort: carries(summary) && !long, summary };
    tries.push(attempt);
    if (attempt.passed) passed = attempt;
    else failed = attempt;
    if (passed === undefined) rate /= 2;
    else if (failed === undefined) rate *= 2;
    else rate = Math.sqrt(passed.rate * failed.rate);
  }
  return { best: passed, tries };
}
