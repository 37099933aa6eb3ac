import { InputError } from '../base/errors.ts';
import { planeOf, type Machine, type Path, type PathScope, type Plane } from '../catalogue/machine.ts';

/** Dies that one domain of a plane joins. */
export function domainDies(machine: Machine, plane: Plane): number {
  return plane.domainChips * machine.chip.dies;
}

/** Port bandwidth that one die has on a plane: its own, or its part of those of its chip, its node's CPUs or its node. [B/s] */
export function dieBandwidth(machine: Machine, plane: Plane): number {
  const { owner, bandwidth } = plane.port;
  switch (owner) {
    case 'die':
      return bandwidth.value;
    case 'chip':
      return bandwidth.value / machine.chip.dies;
    case 'cpu':
      return (bandwidth.value * machine.node.cpus) / (machine.chip.dies * machine.node.chips);
    case 'node':
      return bandwidth.value / (machine.chip.dies * machine.node.chips);
  }
}

/** The nearest plane that joins so many dies: inside a package, inside a scale-up domain, or the scale-out fabric. */
export function planeFor(machine: Machine, dies: number): Plane | undefined {
  for (const role of ['package', 'scale-up', 'scale-out', 'host'] as const) {
    const plane = planeOf(machine, role);
    if (plane !== undefined && dies <= domainDies(machine, plane)) return plane;
  }
  return undefined;
}

/** What is wrong with a group of dies that no plane joins. */
export function apart({ name }: Machine, dies: number): InputError {
  return new InputError([{ path: '', message: `no scale-up, scale-out or host plane of ${name} joins these ${dies} dies` }]);
}

/** The measured path of a plane between two ends that are so far apart. */
export function pathOf(plane: Plane, scope: PathScope, operation: Path['operation'], to: Path['to'] = 'die'): Path | undefined {
  return plane.paths.find((path) => path.to === to && path.operation === operation && path.scope === scope);
}
