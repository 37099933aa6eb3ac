import type { Seconds } from '../../base/units.ts';

/** Prompts that wait on a rank, by slot, in the order in which a scheduler takes them. */
export interface WaitingQueue {
  readonly size: number;
  /** The next one; there must be one. */
  readonly first: number;
  /** The one so many places behind it, -1 for none: absent where that takes more than a look. */
  behind?(places: number): number;
  push(slot: number): void;
  /** What was preempted goes before all of its priority. */
  pushFront(slot: number): void;
  /** Takes the first. */
  shift(): number;
  /** Takes one that waits out of wherever it is: linear in the queue. */
  remove(slot: number): void;
  /** An iteration is about to be formed at `at`: what depends on the moment is decided anew. */
  prepare(at: Seconds): void;
  clear(): void;
}
