import { unreachable } from '../../base/errors.ts';
import { meanRate } from './client-pool.ts';
import type { Arrivals, Workload } from './workload.ts';

/** How hard a workload presses: requests per second, sessions per second, or a trace as a multiple of its own times. */
export interface Pace {
  readonly value: number;
  readonly unit: 'requests/s' | 'sessions/s' | 'times';
}

/** The pace of an open loop; undefined for a closed one. */
export function paceOf(workload: Workload): Pace | undefined {
  switch (workload.kind) {
    case 'trace':
      return workload.concurrency === undefined ? { value: workload.speed, unit: 'times' } : undefined;
    case 'generator':
      return workload.arrivals.kind === 'closed' ? undefined : { value: workload.arrivals.rate, unit: 'requests/s' };
    case 'sessions':
      return workload.arrivals.kind === 'closed' ? undefined : { value: workload.arrivals.rate, unit: 'sessions/s' };
    case 'client-pool':
      return { value: workload.scale * meanRate(workload.pool), unit: 'requests/s' };
    default:
      return unreachable(workload);
  }
}

/** The same traffic at another pace; a closed loop stays as it is. */
export function atPace(workload: Workload, value: number): Workload {
  const faster = (arrivals: Arrivals): Arrivals => (arrivals.kind === 'closed' ? arrivals : { ...arrivals, rate: value });
  switch (workload.kind) {
    case 'trace':
      return { ...workload, speed: value };
    case 'generator': {
      const { arrivals, phases } = workload;
      const factor = arrivals.kind === 'closed' ? 1 : value / arrivals.rate;
      return { ...workload, arrivals: faster(arrivals), phases: phases?.map((phase) => ({ ...phase, rate: phase.rate * factor })) };
    }
    case 'sessions':
      return { ...workload, arrivals: faster(workload.arrivals) };
    case 'client-pool':
      return { ...workload, scale: value / meanRate(workload.pool) };
    default:
      return unreachable(workload);
  }
}

/** Requests, or sessions, that a closed loop keeps in flight; undefined for an open one. */
export function inFlight(workload: Workload): number | undefined {
  switch (workload.kind) {
    case 'trace':
      return workload.concurrency;
    case 'generator':
    case 'sessions':
      return workload.arrivals.kind === 'closed' ? workload.arrivals.concurrency : undefined;
    case 'client-pool':
      return undefined;
    default:
      return unreachable(workload);
  }
}
