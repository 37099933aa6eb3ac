import type { Life } from '../../../src/report/records/life.ts';

/** Where a request's time may go, in order. */
export const phaseNames = ['route', 'queue', 'prefill', 'place', 'move', 'join', 'decode'] as const;
export type PhaseName = (typeof phaseNames)[number];

export interface Phase {
  readonly name: PhaseName;
  readonly from: number;
  readonly to: number;
}

/** The parts of a request's life up to its end, or to now. What was interrupted shows its last course. */
export function phasesOf({ arrived, ready, scheduled, prefilled, reserved, moved, joined, firstToken, ended }: Life, now: number): readonly Phase[] {
  const end = ended ?? now;
  const marks: readonly (readonly [PhaseName, number | undefined])[] = [
    ['route', ready],
    ['queue', scheduled],
    ['prefill', prefilled ?? firstToken],
    ['place', reserved],
    ['move', moved],
    ['join', joined],
    ['decode', end],
  ];
  const phases: Phase[] = [];
  let from = arrived;
  for (const [name, mark] of marks) {
    const to = Math.min(Math.max(mark ?? from, from), end);
    if (to > from) phases.push({ name, from, to });
    from = to;
  }
  return phases;
}
