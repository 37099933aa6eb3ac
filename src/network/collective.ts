import type { Bytes, BytesPerSecond, Seconds } from '../base/units.ts';
import { unreachable } from '../base/errors.ts';
import { planeOf, type Machine } from '../catalogue/machine.ts';
import { mostSpecific, type CollectiveOperation, type Stack } from '../catalogue/stack.ts';
import { dieBandwidth, domainDies, planeFor } from './reach.ts';

/** Collectives of one group of dies on one machine. */
export interface CollectiveCost {
  /** [s] */
  readonly time: Seconds;
  /** Of it, what the start takes: the rest moves bytes. [s] */
  readonly start: Seconds;
}

interface Link {
  readonly bandwidth: BytesPerSecond;
  readonly latency: Seconds;
  readonly direct: Seconds;
  readonly phased: Seconds;
}

/** Prices collectives of one size of group. */
export type CollectiveModel = (operation: CollectiveOperation, bytes: Bytes) => CollectiveCost;

/**
 * A group of `ranks` dies that fill chips and nodes in order, or stand evenly among `span` dies that do. Inside a scale-up domain each rank reaches all others through its own port,
 * by the quicker of two ways: direct, or phased with fewer bytes and a later start. A wider group reduces inside each domain, exchanges
 * between domains over scale-out, and spreads the result inside again.
 */
export function collectiveModel(machine: Machine, stack: Stack, ranks: number, span: number = ranks): CollectiveModel {
  const kernels = mostSpecific(stack.collectives, machine.chip.generation);
  const plane = planeFor(machine, span) ?? machine.planes[0];
  if (ranks < 2 || kernels === undefined || plane === undefined) return () => ({ time: 0, start: 0 });
  const scaleUp = planeOf(machine, 'scale-up');
  const inner = scaleUp === undefined ? 1 : Math.max(1, Math.floor((domainDies(machine, scaleUp) * ranks) / span));
  const linkOn = (on: typeof plane): Link => ({
    bandwidth: dieBandwidth(machine, on) * (on.role === 'scale-up' ? kernels.efficiency.value : on.efficiency.value),
    latency: on.port.latency.value,
    direct: kernels.direct.value,
    phased: kernels.phased.value,
  });
  const flat = linkOn(plane);
  if (plane.role !== 'scale-out' || scaleUp === undefined || inner < 2 || ranks <= inner) return (operation, bytes) => within(flat, operation, ranks, bytes);
  const near = linkOn(scaleUp);
  const domains = Math.ceil(ranks / inner);
  return (operation, bytes) => {
    const whole = across(near, flat, operation, inner, domains, bytes);
    // No group is quicker than the part of it in one domain, whichever way that part runs.
    const part = within(near, operation, inner, bytes);
    return part.time > whole.time ? part : whole;
  };
}

/** One operation over `n` ranks that all reach each other through ports of one bandwidth. */
function within({ bandwidth, latency, direct, phased }: Link, operation: CollectiveOperation, n: number, bytes: Bytes): CollectiveCost {
  const others = (n - 1) / n;
  const quicker = (directBytes: Bytes, phasedBytes: Bytes, phases: number): CollectiveCost => {
    // Measured starts hold the latency of the plane they were measured on; a slower plane raises them.
    const early = Math.max(direct, latency);
    const late = Math.max(phased, phases * latency);
    const first = { start: early, time: early + directBytes / bandwidth };
    const second = { start: late, time: late + phasedBytes / bandwidth };
    return first.time <= second.time ? first : second;
  };
  switch (operation) {
    case 'all-reduce':
      return quicker((n - 1) * bytes, 2 * others * bytes, 2);
    case 'all-gather':
    case 'reduce-scatter':
    case 'all-to-all':
      return quicker(others * bytes, others * bytes, 1);
    case 'broadcast':
      return quicker((n - 1) * bytes, bytes, 2);
    default:
      return unreachable(operation);
  }
}

/** The same over several domains: the outer part moves what one rank holds after the inner part. */
function across(near: Link, far: Link, operation: CollectiveOperation, inner: number, domains: number, bytes: Bytes): CollectiveCost {
  const add = (a: CollectiveCost, b: CollectiveCost): CollectiveCost => ({ time: a.time + b.time, start: a.start + b.start });
  switch (operation) {
    case 'all-reduce':
      return add(
        add(within(near, 'reduce-scatter', inner, bytes), within(far, 'all-reduce', domains, bytes / inner)),
        within(near, 'all-gather', inner, bytes),
      );
    case 'all-gather':
    case 'reduce-scatter':
      return add(within(far, operation, domains, bytes / inner), within(near, operation, inner, bytes));
    case 'all-to-all':
      return within(far, operation, domains, bytes);
    case 'broadcast':
      return add(within(far, operation, domains, bytes), within(near, operation, inner, bytes));
    default:
      return unreachable(operation);
  }
}
