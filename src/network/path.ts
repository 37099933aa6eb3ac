import type { Bytes, BytesPerSecond, Seconds } from '../base/units.ts';
import type { Machine, PathEnd, PathOperation, PathScope, Plane } from '../catalogue/machine.ts';
import { transferTime } from './point-to-point.ts';
import { pathOf } from './reach.ts';

import { verticesOf, type End } from './topology/end.ts';
import { vertexName, type Fabric } from './topology/fabric.ts';
import { routeOf, type Route, type Use } from './topology/route.ts';

/** Equal steps of a path: the cables from one level to the next, all parallel ways together. */
export interface Hop {
  readonly from: string;
  readonly to: string;
  readonly ways: number;
  readonly links: number;
  /** Of all ways. [B/s] */
  readonly capacity: BytesPerSecond;
  /** Of the fullest cable when the path runs at its rate. */
  readonly load: number;
}

/** What one stream between two ends does on one plane. */
export interface PathCost {
  readonly plane: Plane;
  readonly scope: PathScope;
  readonly hops: readonly Hop[];
  /** What the links can carry, one way [B/s], and the share of it that a stream reaches. */
  readonly capacity: BytesPerSecond;
  readonly efficiency: number;
  readonly bandwidth: BytesPerSecond;
  readonly latency: Seconds;
  /** Whether bandwidth and latency are of a measured path; otherwise they are the port's. */
  readonly measured: boolean;
  readonly time: Seconds;
}

export interface PathQuestion {
  readonly from: End;
  readonly to: End;
  /** What `from` does to the memory of `to`. */
  readonly operation: PathOperation;
  readonly bytes: Bytes;
}

/**
 * The path of a question on one plane with links of `capacity` (by cable, see `capacitiesOf`). Several ports of one end work side by side. `undefined` where an
 * end has no port there; `lost` where it has but no way is left.
 */
export function pathCost(fabric: Fabric, capacity: Float64Array, question: PathQuestion): PathCost | 'lost' | undefined {
  const { machine, plane } = fabric;
  const { from, to, operation, bytes } = question;
  const [source, target] = operation === 'read' ? [to, from] : [from, to];
  const sources = verticesOf(fabric, source);
  const targets = verticesOf(fabric, target);
  if (sources.length === 0 || targets.length === 0) return undefined;
  const streams = Math.max(sources.length, targets.length);
  const pairs = Array.from({ length: streams }, (_, i) => [sources[i % sources.length] as number, targets[i % targets.length] as number] as const);
  if (pairs.some(([a, b]) => a === b)) return undefined;
  const healthy = Float64Array.from(fabric.cables, ({ links, rate }) => links * rate);
  if (pairs.some(([a, b]) => routeOf(fabric, healthy, a, b) === undefined)) return undefined;
  const routes = pairs.map(([a, b]) => routeOf(fabric, capacity, a, b)).filter((route) => route !== undefined);
  if (routes.length === 0) return 'lost';
  // Streams that end or begin at one port share it.
  const uses = merged(routes);
  const whole = Math.min(
    routes.reduce((sum, route) => sum + route.capacity, 0),
    ...uses.map(({ cable, share }) => (capacity[cable] as number) / share),
  );
  const scope = scopeOf(machine, from, to);
  const ends: readonly PathEnd[] = [from.kind === 'cpu' ? 'cpu' : 'die', to.kind === 'cpu' ? 'cpu' : 'die'];
  // A CPU that writes to a die moves bytes as a die that reads from a CPU does.
  const swapped = ends[0] === 'cpu' && ends[1] === 'die';
  const flipped = operation === 'read' ? 'write' : 'read';
  const done = swapped ? flipped : operation;
  const far = ends.includes('cpu') ? 'cpu' : 'die';
  // Dies of one chip that use a plane beyond the chip are as far apart on it as any two of their node.
  const known = pathOf(plane, scope, done, far) ?? (scope === 'package' ? pathOf(plane, 'node', done, far) : undefined);
  const path = from.kind === 'switch' || to.kind === 'switch' ? undefined : known;
  const port = ends.includes('cpu') ? Math.min(plane.cpuPort?.value ?? Infinity, plane.port.bandwidth.value) : plane.port.bandwidth.value;
  const efficiency = path === undefined ? plane.efficiency.value : path.bandwidth.value / port;
  const bandwidth = whole * efficiency;
  const latency = path?.latency.value ?? plane.port.latency.value;
  return {
    plane,
    scope,
    hops: hopsOf(fabric, capacity, uses, whole, [source, target]),
    capacity: whole,
    efficiency,
    bandwidth,
    latency,
    measured: path !== undefined,
    time: transferTime({ bandwidth, latency }, bytes),
  };
}

/** How far apart two ends are; a switch counts as beyond the node. */
function scopeOf({ chip, node }: Machine, a: End, b: End): PathScope {
  const chipOf = ({ kind, index }: End): number | undefined => (kind === 'die' ? Math.floor(index / chip.dies) : kind === 'chip' ? index : undefined);
  const nodeOf = (end: End): number | undefined => {
    if (end.kind === 'node') return end.index;
    if (end.kind === 'cpu') return Math.floor(end.index / node.cpus);
    const own = chipOf(end);
    return own === undefined ? undefined : Math.floor(own / node.chips);
  };
  if (chipOf(a) !== undefined && chipOf(a) === chipOf(b)) return 'package';
  return nodeOf(a) !== undefined && nodeOf(a) === nodeOf(b) ? 'node' : 'machine';
}

/** Uses of several streams as shares of all their bytes together, each by its capacity. */
function merged(routes: readonly Route[]): readonly Use[] {
  const total = routes.reduce((sum, { capacity }) => sum + capacity, 0);
  const found = new Map<number, Use>();
  for (const { capacity, uses } of routes) {
    for (const use of uses) {
      const key = use.cable * 2 + (use.upward ? 1 : 0);
      const share = (use.share * capacity) / total;
      found.set(key, { ...use, share: share + (found.get(key)?.share ?? 0) });
    }
  }
  return [...found.values()];
}

function hopsOf(fabric: Fabric, capacity: Float64Array, uses: readonly Use[], rate: number, [source, target]: readonly End[]): readonly Hop[] {
  const steps = new Map<string, Use[]>();
  for (const use of uses) {
    const { lower, upper } = fabric.cables[use.cable] as { lower: number; upper: number };
    const [a, b] = use.upward ? [lower, upper] : [upper, lower];
    const level = (vertex: number): number => fabric.vertices[vertex]?.level ?? 0;
    const key = `${level(a)} ${level(b)}`;
    const known = steps.get(key);
    if (known === undefined) steps.set(key, [use]);
    else known.push(use);
  }
  const levelOf = ([use]: readonly Use[]): number => fabric.vertices[fabric.cables[use?.cable ?? 0]?.lower ?? 0]?.level ?? 0;
  const going = (upward: boolean): readonly (readonly Use[])[] =>
    [...steps.values()].filter(([use]) => use?.upward === upward).toSorted((a, b) => (upward ? 1 : -1) * (levelOf(a) - levelOf(b)));
  return [...going(true), ...going(false)].map((step) => {
    const ends = step.map(({ cable, upward }) => {
      const { lower, upper } = fabric.cables[cable] as { lower: number; upper: number };
      return upward ? [lower, upper] : [upper, lower];
    });
    const side = (at: 0 | 1): string => namesOf(fabric, [...new Set(ends.map((pair) => pair[at] as number))], at === 0 ? source : target);
    return {
      from: side(0),
      to: side(1),
      ways: step.length,
      links: step.reduce((sum, { cable }) => sum + (fabric.cables[cable]?.links ?? 0), 0),
      capacity: step.reduce((sum, { cable }) => sum + (capacity[cable] as number), 0),
      load: Math.max(...step.map(({ cable, share }) => (share * rate) / (capacity[cable] as number))),
    };
  });
}

/** One vertex by its name, several by level and count. */
function namesOf(fabric: Fabric, vertices: readonly number[], end: End | undefined): string {
  const [first] = vertices;
  const vertex = fabric.vertices[first as number];
  if (vertex === undefined) return '';
  if (vertices.length === 1) return vertexName(fabric, vertex);
  if (vertex.kind !== 'switch') return end === undefined ? `${vertices.length} ${vertex.kind}s` : end.text;
  return `${vertices.length} x ${vertex.name}`;
}
