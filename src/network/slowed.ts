import { times } from '../catalogue/figure.ts';
import type { Machine } from '../catalogue/machine.ts';

/** Machines that were asked for: the same one for the same shares, so that what was priced for it holds again. */
const known = new WeakMap<Machine, Map<string, Machine>>();

/**
 * A machine whose planes reach a share of what they do.
 * @param left by plane; empty: all of it
 */
export function slowed(machine: Machine, left: readonly number[]): Machine {
  if (left.every((share) => share === 1)) return machine;
  const others = known.get(machine) ?? new Map<string, Machine>();
  known.set(machine, others);
  const key = left.join(' ');
  let made = others.get(key);
  if (made === undefined) {
    made = {
      ...machine,
      planes: machine.planes.map((plane, p) => ({
        ...plane,
        port: { ...plane.port, bandwidth: times(plane.port.bandwidth, left[p] ?? 1) },
        paths: plane.paths.map((path) => ({ ...path, bandwidth: times(path.bandwidth, left[p] ?? 1) })),
      })),
    };
    others.set(key, made);
  }
  return made;
}
