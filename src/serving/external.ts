import type { Seconds } from '../base/units.ts';
import type { OutsideFault } from './faults/outside.ts';
import type { Simulation } from './simulation.ts';
import type { Arrival } from './traffic/arrival.ts';

/** What may be done to a simulation from outside while it runs. */
export type ExternalAction =
  | { readonly kind: 'inject'; readonly request: Readonly<Arrival> }
  /** A part fails now. */
  | { readonly kind: 'fault'; readonly fault: OutsideFault };

/** What was done from outside, and when: with the scenario, all that a run depends on. */
export interface External {
  readonly kind: 'external';
  readonly at: Seconds;
  readonly action: ExternalAction;
}

/**
 * Does something from outside, when everything that is due by now is done: at that point it can be done again. Returns what a log
 * keeps of it.
 */
export function act(simulation: Simulation, action: ExternalAction): External {
  simulation.advance(simulation.now);
  perform(simulation, action);
  return { kind: 'external', at: simulation.now, action };
}

/** Does again what a log tells; the simulation has to be at its time (`advance`). @throws InputError for a fault of what is not there */
export function perform(simulation: Simulation, action: ExternalAction): void {
  switch (action.kind) {
    case 'inject':
      simulation.inject(action.request);
      break;
    case 'fault':
      simulation.strike(action.fault);
  }
}
