import type { Seconds } from '../base/units.ts';
import type { RequestTable } from './request-table.ts';

/** Where a request's time goes, in the order of its life. A wait behind a preemption counts to the phase that it is computed again in. */
export const phases = ['cache read', 'waiting for prefill', 'prefill', 'waiting for a decode slot', 'KV push', 'waiting for the step', 'decode'] as const;

/**
 * Adds a finished request's time by phase: the parts add up to its end-to-end time. What it has waited until it was sent to the rank that computes it, at a front
 * end or where a fault took it from, is waiting for prefill. `moves`: it decodes elsewhere than it is prefilled.
 */
export function addLifetime(table: RequestTable, slot: number, finishedAt: Seconds, moves: boolean, into: Float64Array): void {
  let before = table.arrivedAt[slot];
  before = addUntil(table.rare.of(slot).routedAt, before, into, 1);
  before = addUntil(table.readyAt[slot], before, into, 0);
  before = addUntil(table.startedAt[slot], before, into, 1);
  before = addUntil(table.prefilledAt[slot], before, into, 2);
  if (moves) {
    before = addUntil(table.reservedAt[slot], before, into, 3);
    before = addUntil(table.movedAt[slot], before, into, 4);
    before = addUntil(table.joinedAt[slot], before, into, 5);
  }
  addUntil(finishedAt, before, into, 6);
}

/** Adds what lies before a mark to a phase; returns up to when is told. */
function addUntil(mark: Seconds, before: Seconds, into: Float64Array, phase: number): Seconds {
  if (mark <= before) return before;
  into[phase] += mark - before;
  return mark;
}
