import type { Doubt } from '../base/doubt.ts';
import { unreachable } from '../base/errors.ts';
import type { Bytes, Seconds } from '../base/units.ts';
import type { CollectiveOperation } from '../catalogue/library.ts';
import { planeOf, type Machine, type Plane } from '../catalogue/machine.ts';
import type { Stack } from '../catalogue/stack.ts';
import { quickest, reachOf, type CollectiveCost, type Reach } from './collective-ways.ts';
import { filledGroup, type Group } from './group.ts';

/** Collectives of one size of group. */
export interface CollectiveModel {
  price(operation: CollectiveOperation, bytes: Bytes): CollectiveCost;
  /** What it consists of, one after the other. */
  parts(operation: CollectiveOperation, bytes: Bytes): readonly CollectivePart[];
  readonly doubts: readonly Doubt[];
}

/** A collective over ranks of one reach. */
export interface CollectivePart {
  readonly reach: Reach;
  readonly operation: CollectiveOperation;
  readonly ranks: number;
  readonly bytes: Bytes;
}

/**
 * Collectives of a group of dies; a number stands for so many that fill chips and nodes in order. Inside a scale-up domain its libraries have ways with measured
 * constants; each library takes the way that its thresholds say, and the quickest library runs. A wider group works inside each domain, exchanges between
 * domains over scale-out, and spreads the result inside again. `left`: share of each port of a plane that
 * faults leave (all of it).
 */
export function collectiveModel(machine: Machine, stack: Stack, group: number | Group, left: (plane: Plane) => number = () => 1): CollectiveModel {
  const { ranks, plane, inner } = typeof group === 'number' ? filledGroup(machine, group) : group;
  if (ranks < 2 || plane === undefined) return { price: () => ({ time: 0, start: 0 }), parts: () => [], doubts: [] };
  const reach = reachOf(machine, stack, plane, left(plane));
  const scaleUp = planeOf(machine, 'scale-up');
  if (plane.role !== 'scale-out' || scaleUp === undefined || inner < 2 || ranks <= inner)
    return modelOf(reach, (operation, bytes) => [{ reach, operation, ranks, bytes }]);
  const near = reachOf(machine, stack, scaleUp, left(scaleUp));
  const domains = Math.ceil(ranks / inner);
  return modelOf(near, (operation, bytes) => {
    const whole = across(near, reach, operation, inner, domains, bytes);
    // No group is quicker than the part of it in one domain, whichever way that part runs.
    const part = [{ reach: near, operation, ranks: inner, bytes }];
    return priceOf(part).time > priceOf(whole).time ? part : whole;
  });
}

function modelOf(near: Reach, parts: (operation: CollectiveOperation, bytes: Bytes) => readonly CollectivePart[]): CollectiveModel {
  return {
    price: (operation, bytes) => priceOf(parts(operation, bytes)),
    parts,
    doubts: near.doubts,
  };
}

function priceOf(parts: readonly CollectivePart[]): CollectiveCost {
  let time: Seconds = 0;
  let start: Seconds = 0;
  for (const part of parts) {
    const cost = quickest(part.reach, part.operation, part.ranks, part.bytes);
    time += cost.time;
    start += cost.start;
  }
  return { time, start };
}

/** Over several domains: the outer part moves what one rank holds after the inner part. */
function across(near: Reach, far: Reach, operation: CollectiveOperation, inner: number, domains: number, bytes: Bytes): readonly CollectivePart[] {
  const inside = (what: CollectiveOperation): CollectivePart => ({ reach: near, operation: what, ranks: inner, bytes });
  const between = (share: number): CollectivePart => ({ reach: far, operation, ranks: domains, bytes: bytes * share });
  switch (operation) {
    case 'all-reduce':
      return [inside('reduce-scatter'), between(1 / inner), inside('all-gather')];
    case 'all-gather':
    case 'reduce-scatter':
      return [between(1 / inner), inside(operation)];
    case 'all-to-all':
      return [between(1)];
    case 'broadcast':
      return [between(1), inside(operation)];
    default:
      return unreachable(operation);
  }
}
