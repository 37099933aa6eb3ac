import type { Seconds } from '../base/units.ts';
import type { RequestTable } from './request-table.ts';

/** Where a request's time goes, in the order of its life. A wait behind a preemption counts to the phase that it is computed again in. */
export const phases = ['cache read', 'waiting for prefill', 'prefill', 'waiting for a decode slot', 'KV push', 'waiting for the step', 'decode'] as const;

/** Adds a finished request's time by phase: the parts add up to its end-to-end time. `moves`: it decodes elsewhere than it is prefilled. */
export function addLifetime(table: RequestTable, slot: number, finishedAt: Seconds, moves: boolean, into: Float64Array): void {
  const prefilledAt = table.prefilledAt[slot];
  let before = table.arrivedAt[slot];
  const until = (phase: number, mark: Seconds): void => {
    if (mark <= before) return;
    into[phase] += mark - before;
    before = mark;
  };
  until(0, table.readyAt[slot]);
  until(1, table.startedAt[slot]);
  until(2, prefilledAt);
  if (moves) {
    until(3, table.reservedAt[slot]);
    until(4, table.movedAt[slot]);
    until(5, table.joinedAt[slot]);
  }
  until(6, finishedAt);
}
