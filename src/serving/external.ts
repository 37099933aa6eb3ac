import type { Seconds } from '../base/units.ts';
import type { PlannedFault } from './faults/fault.ts';
import type { RanksNamed } from './services.ts';
import type { Simulation } from './simulation.ts';
import type { Arrival } from './traffic/arrival.ts';

/** What may be done to a simulation from outside while it runs. */
export type ExternalAction =
  | { readonly kind: 'inject'; readonly request: Readonly<Arrival> }
  /** Nobody waits for a request any more; by its number in order of arrival. */
  | { readonly kind: 'abort'; readonly request: number; readonly cause: string }
  /** A request whose KV was held goes to where it decodes: see `Simulation.handOver`. */
  | {
      readonly kind: 'hand-over';
      readonly request: number;
      readonly instance?: number | undefined;
      readonly rank?: number | undefined;
      readonly tokens: number;
    }
  /** A part fails, now or later. Without `duration` for good. */
  | { readonly kind: 'fault'; readonly fault: Omit<PlannedFault, 'duration'> & { readonly duration?: Seconds | undefined } }
  /** A fault is over, or does not come, by its number (`Simulation.faults`). */
  | { readonly kind: 'heal'; readonly fault: number }
  /** A pool should have so many instances. */
  | { readonly kind: 'scale'; readonly pool: number; readonly instances: number }
  /** Cached prefixes are dropped: see `Simulation.flush`. */
  | ({ readonly kind: 'flush'; readonly pooled: boolean } & RanksNamed)
  /** Nothing: so far time has gone when nothing more is done from outside. */
  | { readonly kind: 'stop' };

/** What was done from outside, and when: with the scenario, all that a run depends on. */
export interface External {
  readonly kind: 'external';
  readonly at: Seconds;
  readonly action: ExternalAction;
}

/**
 * Does something from outside, when everything that is due by now is done: at that point it can be done again.
 * @param log is told of it before it is done: what follows from it stands behind it
 */
export function act(simulation: Simulation, action: ExternalAction, log?: (record: External) => void): void {
  simulation.advance(simulation.now);
  log?.({ kind: 'external', at: simulation.now, action });
  perform(simulation, action);
}

/** Does again what a log tells; the simulation has to be at its time (`advance`). @throws InputError for a fault of what is not there */
export function perform(simulation: Simulation, action: ExternalAction): void {
  switch (action.kind) {
    case 'inject':
      simulation.inject(action.request);
      break;
    case 'abort':
      simulation.abort(action.request, action.cause);
      break;
    case 'hand-over':
      simulation.handOver(action.request, action.instance, action.tokens, action.rank);
      break;
    case 'fault':
      simulation.strike?.({ ...action.fault, duration: action.fault.duration ?? Infinity });
      break;
    case 'heal':
      simulation.faults?.heal(action.fault);
      break;
    case 'scale':
      simulation.touch();
      simulation.scale?.(action.pool, action.instances);
      break;
    case 'flush':
      simulation.flush(action, action.pooled);
      break;
    case 'stop':
  }
}
