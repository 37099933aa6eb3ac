import { unreachable } from '../../base/errors.ts';
import { ownersOf, type Machine, type Plane, type PortOwner, type SwitchLevel } from '../../catalogue/machine.ts';
import { domainsOf } from '../../catalogue/totals.ts';
import type { Cable, Fabric, Vertex, VertexKind } from './fabric.ts';

/** A switch or an owner of a port while its plane is built: its vertex, domain, and lane (sub-plane or rail) where it has one. */
interface Placed {
  readonly vertex: number;
  readonly domain: number;
  readonly lane: number | undefined;
  readonly node: number | undefined;
}

/**
 * The explicit fabric of a plane. Every port is spread over the switch chips of its node, of all sub-planes, of its rail or of the machine; links up
 * of a chip are spread over the chips of the next level in its own sub-plane or rail. Where no switches are stated, one crossbar a domain (and
 * rail) stands in, which never blocks; rails then meet in one more.
 */
export function fabricOf(machine: Machine, plane: Plane): Fabric {
  const vertices: Vertex[] = [];
  const cables: Cable[] = [];
  const first: Partial<Record<VertexKind, number>> = {};
  const add = (vertex: Vertex): number => vertices.push(vertex) - 1;
  const join = (lower: number, upper: number, links: number, rate: number): void => void (links > 0 && cables.push({ lower, upper, links, rate }));

  const owners = (kind: PortOwner): readonly Placed[] => {
    first[kind] = vertices.length;
    return Array.from({ length: ownersOf(machine, kind) }, (_, index): Placed => {
      const chip = firstChip(machine, kind, index);
      const lane = plane.rails > 1 ? (chip % machine.node.chips) % plane.rails : undefined;
      const domain = Math.floor(chip / plane.domainChips);
      return { vertex: add({ kind, index, level: 0 }), domain, lane, node: Math.floor(chip / machine.node.chips) };
    });
  };
  const ports = [{ placed: owners(plane.port.owner), bandwidth: plane.port.bandwidth.value }];
  if (plane.port.owner !== 'cpu' && machine.node.cpus > 0 && (plane.cpuPort !== undefined || plane.role === 'host')) {
    const chips = machine.node.chips / machine.node.cpus;
    ports.push({ placed: owners('cpu'), bandwidth: plane.cpuPort?.value ?? plane.port.bandwidth.value * chips });
  }

  const [bottom] = plane.levels;
  if (bottom === undefined) {
    crossbars(machine, plane, ports, add, join);
  } else {
    let below = switchesOf(machine, plane, bottom, 1, add);
    for (const { placed, bandwidth } of ports) attach(plane, bottom, placed, bandwidth, below, join);
    plane.levels.slice(1).forEach((level, i) => {
      const lower = plane.levels[i] as SwitchLevel;
      const above = switchesOf(machine, plane, level, i + 2, add);
      uplinks(below, above, lower, join);
      below = above;
    });
  }

  const up: number[][] = vertices.map(() => []);
  const down: number[][] = vertices.map(() => []);
  cables.forEach(({ lower, upper }, i) => {
    up[lower]?.push(i);
    down[upper]?.push(i);
  });
  return { machine, plane, vertices, cables, up, down, first };
}

/** The first chip that an owner of ports belongs to or serves. */
function firstChip({ chip, node }: Machine, kind: PortOwner, index: number): number {
  switch (kind) {
    case 'die':
      return Math.floor(index / chip.dies);
    case 'chip':
      return index;
    case 'cpu':
      return Math.floor((index * node.chips) / node.cpus);
    case 'node':
      return index * node.chips;
    default:
      return unreachable(kind);
  }
}

type Join = (lower: number, upper: number, links: number, rate: number) => void;

function crossbars(
  machine: Machine,
  plane: Plane,
  ports: readonly { readonly placed: readonly Placed[]; readonly bandwidth: number }[],
  add: (vertex: Vertex) => number,
  join: Join,
): void {
  const domains = domainsOf(machine, plane);
  const bars = Array.from({ length: domains * plane.rails }, (_, index) =>
    add({
      kind: 'crossbar',
      index,
      level: 1,
      place: plane.rails > 1 ? [Math.floor(index / plane.rails), index % plane.rails] : undefined,
      lane: plane.rails > 1 ? index % plane.rails : undefined,
    }),
  );
  const carried = bars.map(() => 0);
  for (const { placed, bandwidth } of ports) {
    for (const { vertex, domain, lane } of placed) {
      const bar = domain * plane.rails + (lane ?? 0);
      join(vertex, bars[bar] as number, 1, bandwidth);
      carried[bar] = (carried[bar] ?? 0) + bandwidth;
    }
  }
  if (plane.rails === 1) return;
  for (let domain = 0; domain < domains; domain++) {
    const spine = add({ kind: 'crossbar', index: domains * plane.rails + domain, level: 2 });
    for (let rail = 0; rail < plane.rails; rail++) {
      const bar = domain * plane.rails + rail;
      join(bars[bar] as number, spine, 1, carried[bar] ?? 0);
    }
  }
}

function switchesOf(machine: Machine, plane: Plane, level: SwitchLevel, at: number, add: (vertex: Vertex) => number): readonly Placed[] {
  const make = (index: number, group: number | undefined, chip: number, placed: Omit<Placed, 'vertex'>): Placed => ({
    ...placed,
    vertex: add({ kind: 'switch', index, level: at, name: level.name, place: group === undefined ? undefined : [group, chip], lane: placed.lane }),
  });
  const groups = (count: number, placedAt: (group: number, chip: number) => Omit<Placed, 'vertex'>): readonly Placed[] =>
    Array.from({ length: count * level.chips }, (_, index) => {
      const group = Math.floor(index / level.chips);
      const chip = index % level.chips;
      return make(index, group, chip, placedAt(group, chip));
    });
  switch (level.per) {
    case 'node':
      return groups(machine.nodes, (node, chip) => ({
        domain: Math.floor((node * machine.node.chips) / plane.domainChips),
        lane: plane.subPlanes > 1 ? chip % plane.subPlanes : undefined,
        node,
      }));
    case 'sub-plane':
      return groups(plane.subPlanes * domainsOf(machine, plane), (group) => ({
        domain: Math.floor(group / plane.subPlanes),
        lane: group % plane.subPlanes,
        node: undefined,
      }));
    case 'rail':
      return groups(plane.rails, (rail) => ({ domain: 0, lane: rail, node: undefined }));
    case 'machine':
      return Array.from({ length: level.chips }, (_, index) => make(index, undefined, index, { domain: 0, lane: undefined, node: undefined }));
    default:
      return unreachable(level.per);
  }
}

/** Joins ports to the lowest switches that serve them: spread over all of those, or where they have too few ports each, one block of owners after the other. */
function attach(plane: Plane, level: SwitchLevel, placed: readonly Placed[], bandwidth: number, switches: readonly Placed[], join: Join): void {
  const blocks = new Map<number | undefined, number>();
  for (const owner of placed) {
    const served = switches.filter((chip) =>
      level.per === 'node'
        ? chip.node === owner.node
        : level.per === 'machine' || (chip.domain === owner.domain && (level.per === 'sub-plane' || chip.lane === owner.lane)),
    );
    const owners = level.per === 'rail' ? placed.length / plane.rails : placed.length;
    if ((level.per === 'machine' || level.per === 'rail') && served.length > 1 && level.ports !== undefined && owners > level.ports) {
      const place = blocks.get(owner.lane) ?? 0;
      blocks.set(owner.lane, place + 1);
      join(owner.vertex, (served[Math.min(served.length - 1, Math.floor((place * served.length) / owners))] as Placed).vertex, 1, bandwidth);
      continue;
    }
    const links = Math.max(served.length, Math.round(bandwidth / level.linkBandwidth.value));
    served.forEach((chip, i) => {
      join(owner.vertex, chip.vertex, Math.floor(links / served.length) + (i < links % served.length ? 1 : 0), bandwidth / links);
    });
  }
}

function uplinks(below: readonly Placed[], above: readonly Placed[], level: SwitchLevel, join: Join): void {
  let turn = 0;
  for (const chip of below) {
    const next = above.filter((other) => other.lane === undefined || (other.domain === chip.domain && other.lane === chip.lane));
    if (next.length === 0) continue;
    const each = Math.floor(level.uplinks / next.length);
    const rest = level.uplinks % next.length;
    next.forEach((other, i) => {
      // What does not divide goes round, so that every chip above gets as many.
      const extra = (i - turn + next.length * rest) % next.length < rest ? 1 : 0;
      join(chip.vertex, other.vertex, each + extra, level.linkBandwidth.value);
    });
    turn = (turn + rest) % next.length;
  }
}
