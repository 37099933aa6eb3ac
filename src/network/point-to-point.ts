import type { Bytes, BytesPerSecond, Seconds } from '../base/units.ts';
import type { Machine, PathEnd, PathOperation, PathScope, Plane } from '../catalogue/machine.ts';
import { dieBandwidth, pathOf } from './reach.ts';

/** A way between two ends: how fast a long stream flows and how long a small message takes. */
export interface Way {
  readonly bandwidth: BytesPerSecond;
  readonly latency: Seconds;
}

/** The way of one die on a plane: a measured path where there is one, otherwise the port at the plane's efficiency. */
export function wayOf(machine: Machine, plane: Plane, scope: PathScope, operation: PathOperation, to: PathEnd = 'die'): Way {
  const path = pathOf(plane, scope, operation, to);
  if (path !== undefined) return { bandwidth: path.bandwidth.value, latency: path.latency.value };
  return { bandwidth: dieBandwidth(machine, plane) * plane.efficiency.value, latency: plane.port.latency.value };
}

/** Latency, then bytes at the streaming rate. */
export function transferTime(way: Way, bytes: Bytes): Seconds {
  return way.latency + bytes / way.bandwidth;
}
