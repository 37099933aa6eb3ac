import { planeOf, type Machine, type Plane } from '../catalogue/machine.ts';
import { domainDies, planeFor } from './reach.ts';

/** How a group of dies lies: the nearest plane that joins all of them, and how many sit in one scale-up domain. */
export interface Group {
  readonly ranks: number;
  readonly plane: Plane | undefined;
  /** Dies in the fullest scale-up domain. */
  readonly inner: number;
}

/** So many dies that fill chips and nodes in order. */
export function filledGroup(machine: Machine, ranks: number): Group {
  const scaleUp = planeOf(machine, 'scale-up');
  const inner = scaleUp === undefined ? 1 : Math.min(ranks, domainDies(machine, scaleUp));
  return { ranks, plane: planeFor(machine, ranks) ?? machine.planes[0], inner };
}

/** `ranks` dies that stand evenly among `span` dies that fill chips and nodes in order. */
export function spreadGroup(machine: Machine, ranks: number, span: number): Group {
  const { plane, inner } = filledGroup(machine, span);
  return { ranks, plane, inner: Math.max(1, Math.floor((inner * ranks) / span)) };
}

/** These dies, wherever they are. */
export function groupOf(machine: Machine, dies: readonly number[]): Group {
  const joined = (plane: Plane): boolean => new Set(dies.map((die) => Math.floor(die / domainDies(machine, plane)))).size === 1;
  const planes = (['package', 'scale-up', 'scale-out', 'host'] as const).map((role) => planeOf(machine, role)).filter((plane) => plane !== undefined);
  const scaleUp = planeOf(machine, 'scale-up');
  const counts = new Map<number, number>();
  for (const die of dies) {
    const domain = scaleUp === undefined ? die : Math.floor(die / domainDies(machine, scaleUp));
    counts.set(domain, (counts.get(domain) ?? 0) + 1);
  }
  return { ranks: dies.length, plane: planes.find(joined) ?? machine.planes[0], inner: Math.max(...counts.values()) };
}
