import { placed, type Places } from '../../model/placement/placed.ts';
import type { Placement } from '../../model/placement/placement.ts';

/**
 * Where the experts of a layer should lie, by what was counted. Pure: the same counts and places, the same placement; every expert has a copy, and
 * every rank as many slots. It sees what a window counted, never what tokens will come.
 */
export interface Balancer {
  propose(counted: readonly number[], places: Places, current: Placement): Placement;
}

export const balancerNames = ['static', 'eplb', 'eplb-hierarchical'] as const;
export type BalancerName = (typeof balancerNames)[number];

/** `static` leaves everything where it is, the others place by load: anywhere, or so that routing groups stay in their node. */
export function balancerNamed(name: BalancerName): Balancer {
  if (name === 'static') return { propose: (_, __, current) => current };
  return { propose: (counted, places) => placed(name, counted, places) };
}

/** Slots of each rank whose expert was not there before: what has to be moved. */
export function arrivals(before: Placement, after: Placement): readonly number[] {
  return after.map((experts, rank) => {
    const there = [...(before[rank] ?? [])];
    return experts.filter((expert) => {
      const at = there.indexOf(expert);
      if (at >= 0) there.splice(at, 1);
      return at < 0;
    }).length;
  });
}
