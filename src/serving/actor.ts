import type { Seconds } from '../base/units.ts';
import type { Simulation } from './simulation.ts';

/**
 * Something that acts on a simulation from outside the life of requests: a timetable of faults, a control loop. It sees what an operator of
 * the deployment could see, never the length of an answer.
 */
export interface Actor {
  /** When it wants to act next; Infinity for never again. Read at the beginning and after each act. */
  readonly nextAt: Seconds;
  /** Acts at `nextAt`, behind everything else of that instant, and sets `nextAt` anew. */
  act(simulation: Simulation): void;
}
