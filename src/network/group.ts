import { planeOf, type Machine, type Plane } from '../catalogue/machine.ts';
import { apart, domainDies, planeFor } from './reach.ts';

/** How a group of dies lies: the nearest plane that joins all of them, and how many sit in one scale-up domain. */
export interface Group {
  readonly ranks: number;
  readonly plane: Plane | undefined;
  /** Dies in the fullest scale-up domain. */
  readonly inner: number;
}

/**
 * So many dies that fill chips and nodes in order.
 * @throws InputError when no plane joins them
 */
export function filledGroup(machine: Machine, ranks: number): Group {
  const scaleUp = planeOf(machine, 'scale-up');
  const inner = scaleUp === undefined ? 1 : Math.min(ranks, domainDies(machine, scaleUp));
  const plane = planeFor(machine, ranks);
  if (plane === undefined && ranks > 1) throw apart(machine, ranks);
  return { ranks, plane, inner };
}

/**
 * `ranks` dies that stand evenly among `span` dies that fill chips and nodes in order.
 * @throws InputError when no plane joins them
 */
export function spreadGroup(machine: Machine, ranks: number, span: number): Group {
  const { plane, inner } = filledGroup(machine, span);
  return { ranks, plane, inner: Math.max(1, Math.floor((inner * ranks) / span)) };
}

/**
 * These dies, wherever they are.
 * @throws InputError when no plane joins them
 */
export function groupOf(machine: Machine, dies: readonly number[]): Group {
  const joined = (plane: Plane): boolean => new Set(dies.map((die) => Math.floor(die / domainDies(machine, plane)))).size === 1;
  const planes = (['package', 'scale-up', 'scale-out', 'host'] as const).map((role) => planeOf(machine, role)).filter((plane) => plane !== undefined);
  const scaleUp = planeOf(machine, 'scale-up');
  const counts = new Map<number, number>();
  for (const die of dies) {
    const domain = scaleUp === undefined ? die : Math.floor(die / domainDies(machine, scaleUp));
    counts.set(domain, (counts.get(domain) ?? 0) + 1);
  }
  const plane = planes.find(joined);
  if (plane === undefined) throw apart(machine, dies.length);
  return { ranks: dies.length, plane, inner: Math.max(...counts.values()) };
}
