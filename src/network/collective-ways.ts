import type { Doubt } from '../base/doubt.ts';
import type { Bytes, BytesPerSecond, Seconds } from '../base/units.ts';
import { collectiveAlgorithms, type CollectiveAlgorithm, type CollectiveOperation, type CollectiveWay } from '../catalogue/library.ts';
import type { Machine, Plane } from '../catalogue/machine.ts';
import type { Stack } from '../catalogue/stack.ts';
import { chunkOf, demandOf } from './algorithm.ts';
import { dieBandwidth } from './reach.ts';

/** What one collective of a group of dies takes. */
export interface CollectiveCost {
  /** [s] */
  readonly time: Seconds;
  /** Of it, what starts and steps take: the rest moves bytes. [s] */
  readonly start: Seconds;
}

/** Ways of one library for one operation, by rising chunk. */
interface Choice {
  readonly library: string;
  readonly ways: readonly CollectiveWay[];
}

/** What a group has on one plane: the port of each die and the libraries that use it. */
export interface Reach {
  readonly plane: Plane;
  readonly port: BytesPerSecond;
  /** Share of the port that faults leave. */
  readonly left: number;
  readonly latency: Seconds;
  readonly choices: ReadonlyMap<CollectiveOperation, readonly Choice[]>;
  readonly doubts: readonly Doubt[];
}

/**
 * The reach of a plane. Libraries were measured on scale-up planes: there their shares of the port hold. On other planes every algorithm runs with the start of a library,
 * the latency of the plane in every step (of shots: in each shot), and the plane's own share of the port; rings and trees alone where dies do not reach each other's
 * memory. `left`: share of the port that faults leave.
 */
export function reachOf(machine: Machine, stack: Stack, plane: Plane, left: number): Reach {
  const { generation } = machine.chip;
  const own = stack.collectives.filter(({ generations }) => generations === undefined || generations.includes(generation));
  const fallback = stack.collectives[0]?.generations;
  // What stands in was measured on no port of this kind, so that the plane's own share bounds it everywhere; whether the switches reduce is not known.
  const ways =
    own.length > 0
      ? own
      : stack.collectives
          .filter(({ generations, algorithm }) => (generations === fallback || generations?.[0] === fallback?.[0]) && algorithm !== 'in-switch')
          .map((way) => ({ ...way, port: Infinity }));
  const choices = new Map<CollectiveOperation, readonly Choice[]>();
  const measured = plane.role === 'scale-up' && plane.peerAccess;
  const plain = measured ? [] : plainWays(plane, ways);
  for (const operation of ['all-reduce', 'all-gather', 'reduce-scatter', 'all-to-all', 'broadcast'] as const) {
    // A broadcast runs as an all-gather does, with its own bytes.
    const like = operation === 'broadcast' ? 'all-gather' : operation;
    const fitting = measured ? ways.filter((way) => way.operation === like) : plain.filter((way) => way.operation === operation);
    choices.set(operation, choicesOf(fitting));
  }
  const doubts: Doubt[] = [];
  if (own.length === 0)
    doubts.push({
      rule: 'collective-unmeasured',
      where: generation,
      message: `no collective was measured on this generation of chips: those of ${fallback?.[0] ?? 'no chip'} stand in, at most at the efficiency of the plane`,
    });
  return { plane, port: dieBandwidth(machine, plane), left, latency: plane.port.latency.value, choices, doubts };
}

/** A library with thresholds has one choice at a size; ways without any compete. */
function choicesOf(ways: readonly CollectiveWay[]): readonly Choice[] {
  const free = ways.filter(({ above, upTo }) => above === 0 && upTo === Infinity);
  const bound = ways.filter((way) => !free.includes(way));
  return [
    ...[...new Set(bound.map(({ library }) => library))].map((library) => ({ library, ways: bound.filter((way) => way.library === library) })),
    ...free.map((way) => ({ library: way.library, ways: [way] })),
  ];
}

/** Algorithms that only pass messages. */
const messages: readonly CollectiveAlgorithm[] = ['ring', 'tree', 'pairwise'];

/** Every algorithm on a plane where no library was measured. */
function plainWays(plane: Plane, ways: readonly CollectiveWay[]): readonly CollectiveWay[] {
  const start = ways.reduce(
    (least: CollectiveWay['start'] | undefined, way) => (least === undefined || way.start.value < least.value ? way.start : least),
    undefined,
  );
  if (start === undefined) return [];
  return (['all-reduce', 'all-gather', 'reduce-scatter', 'all-to-all', 'broadcast'] as const).flatMap((operation) =>
    collectiveAlgorithms
      .filter((algorithm) => algorithm !== 'in-switch' && (plane.peerAccess || messages.includes(algorithm)) && demandOf(algorithm, operation, 2) !== undefined)
      .map((algorithm): CollectiveWay => ({
        library: algorithm,
        operation,
        algorithm,
        above: 0,
        upTo: Infinity,
        latency: 0,
        port: 0,
        start,
        step: { ...start, value: 0 },
        efficiency: plane.efficiency,
      })),
  );
}

/** Whether a way is of groups of this size. */
export const holds = ({ ranks }: CollectiveWay, n: number): boolean => ranks === undefined || (n >= ranks[0] && n <= ranks[1]);
const covers = ({ above, upTo }: CollectiveWay, chunk: number): boolean => chunk > above && chunk <= upTo;

/** The way that a library takes: one for this size of group before one for any. */
export function wayFor({ ways }: Choice, n: number, chunk: number): CollectiveWay | undefined {
  let found: CollectiveWay | undefined;
  for (const way of ways) if (covers(way, chunk) && holds(way, n) && (found === undefined || way.ranks !== undefined)) found = way;
  return found;
}

/**
 * What bytes run at. On the port that it was measured on, a way has its share; on one of half the rate or less that is at most what a stream reaches there, and between
 * the two the rate is a straight line. A faster port carries what the measured one did, or what a stream reaches on it.
 */
export function rateOf({ port, left, plane }: Reach, way: CollectiveWay): BytesPerSecond {
  const share = way.efficiency.value;
  const elsewhere = Math.min(share, plane.efficiency.value);
  const alike = Math.min(port, way.port);
  return left * Math.max(port * elsewhere, alike * elsewhere + (share - elsewhere) * Math.max(0, 2 * alike - way.port));
}

/** What one way takes, whatever the library does at this size. */
export function costOf(reach: Reach, way: CollectiveWay, operation: CollectiveOperation, n: number, bytes: Bytes): CollectiveCost {
  const demand = demandOf(way.algorithm, operation, n) ?? { steps: n - 1, bytes: n - 1 };
  const slower = Math.max(0, reach.latency - way.latency);
  const start = way.start.value + demand.steps * way.step.value + (demand.latencies ?? demand.steps) * slower;
  const moving = (demand.bytes * bytes) / rateOf(reach, way);
  return { start, time: start + moving + (way.local === undefined ? 0 : bytes / way.local.value) };
}

/** The least chunk that a way is sure of: measured chunks double, so where it takes over from the one before lies up to there. */
const sure = ({ above, upTo }: CollectiveWay): number => Math.min(2 * above, upTo);

/**
 * What a library takes: never more than for a message that is surely of the next protocol, and before a protocol is sure of its own never less than for the largest
 * message of the one before. So ranges that were measured on small groups end sooner where a protocol does badly: over many ranks, or on a plane that is slow to answer.
 */
export function libraryCost(reach: Reach, choice: Choice, operation: CollectiveOperation, n: number, bytes: Bytes): CollectiveCost | undefined {
  const chunk = chunkOf(bytes, n);
  const way = wayFor(choice, n, chunk);
  if (way === undefined) return undefined;
  const cost = costOf(reach, way, operation, n, bytes);
  const next = choice.ways.find((other) => other.above >= chunk && holds(other, n));
  const larger = next && libraryCost(reach, choice, operation, n, sure(next) * n);
  const smaller = chunk < sure(way) ? libraryCost(reach, choice, operation, n, way.above * n) : undefined;
  const time = Math.min(larger?.time ?? Infinity, Math.max(cost.time, smaller?.time ?? 0));
  return { start: Math.min(cost.start, time), time };
}

/** The quickest library over `n` ranks that all reach each other through ports of one plane. */
export function quickest(reach: Reach, operation: CollectiveOperation, n: number, bytes: Bytes): CollectiveCost {
  if (n < 2) return { time: 0, start: 0 };
  let best: CollectiveCost | undefined;
  for (const choice of reach.choices.get(operation) ?? []) {
    const cost = libraryCost(reach, choice, operation, n, bytes);
    if (cost !== undefined && (best === undefined || cost.time < best.time)) best = cost;
  }
  return best ?? { time: reach.latency + bytes / (reach.port * reach.left), start: reach.latency };
}
