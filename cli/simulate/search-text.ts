import { significant } from '../../src/base/quantity.ts';
import type { Scenario } from '../../src/serving/scenario.ts';
import { criterion, lowestFailed, rateOf, stoppedByServiceLevel, type Search } from '../find-rate.ts';
import { table } from '../table.ts';

/** What `--find-rate` found, in one sentence: a bound from below where nothing that was tried was too much. */
export function searchHead(found: Search, show: (rate: number) => string): string {
  if (found.best === undefined) return 'No rate that was tried is carried.';
  const rate = show(found.best.rate);
  const above = lowestFailed(found);
  if (above === undefined) return `Highest rate: at least ${rate}; no rate that was tried is too high.`;
  return above.tooShort ? `Highest rate: at least ${rate}; above it the traffic is too short to tell.` : `Highest rate: ${rate}.`;
}

/** The same with the criterion, what stops it, and every rate that was tried. */
export function searchText(scenario: Scenario, found: Search): string {
  const show = rateOf(scenario)?.show ?? String;
  const rows = found.tries.map(({ rate, passed, tooShort, summary }) => [
    show(rate),
    `${significant(summary.goodput.share * 100)} %`,
    `${significant(summary.goodput.requestsPerSecond)} /s`,
    `${significant(summary.latency.ttft.p99)} s`,
    `${significant(summary.latency.tpot.p99 * 1000)} ms`,
    summary.saturation.saturated ? 'grows' : 'steady',
    passed ? 'carried' : tooShort ? 'too short to tell' : 'not carried',
  ]);
  const right = ['right', 'right', 'right', 'right', 'right'] as const;
  const stop = stoppedByServiceLevel(found);
  const why =
    stop === undefined
      ? ''
      : ` The service level stops it, not a resource: at ${show(stop.rate)} the busiest pool is at ${significant(Math.max(...stop.summary.pools.map(({ load }) => load)) * 100)} % of what it sustains, and ${stop.summary.goodput.note}.`;
  return `${searchHead(found, show)} Criterion: ${criterion}.${why}\n\n${table(['rate', 'good', 'goodput', 'TTFT p99', 'TPOT p99', 'queue', 'verdict'], rows, { align: right, indent: 2 })}\n`;
}
