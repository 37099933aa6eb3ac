import { unreachable } from '../../base/errors.ts';
import type { BytesPerSecond } from '../../base/units.ts';
import type { Machine, Plane } from '../../catalogue/machine.ts';

/** What stands in a plane: who owns a port, a switch chip, or the unstated switches of a domain, which never block. */
export const vertexKinds = ['die', 'chip', 'cpu', 'node', 'switch', 'crossbar'] as const;
export type VertexKind = (typeof vertexKinds)[number];

export interface Vertex {
  readonly kind: VertexKind;
  /** Among its kind in the machine; a switch among its level. */
  readonly index: number;
  /** 0 for owners of ports, then by level from the ports up. */
  readonly level: number;
  /** Name of the level of a switch. */
  readonly name?: string | undefined;
  /** Group and place in it: node and chip, or sub-plane and chip. Absent where the index says it all. */
  readonly place?: readonly [number, number] | undefined;
  /** Sub-plane or rail of a switch. */
  readonly lane?: number | undefined;
}

/** Equal links between two vertices, one of a lower and one of a higher level. */
export interface Cable {
  readonly lower: number;
  readonly upper: number;
  readonly links: number;
  /** Of one link, one way. [B/s] */
  readonly rate: BytesPerSecond;
}

/** The explicit vertices and links of one plane. */
export interface Fabric {
  readonly machine: Machine;
  readonly plane: Plane;
  readonly vertices: readonly Vertex[];
  readonly cables: readonly Cable[];
  /** Cables up from each vertex, and down. */
  readonly up: readonly (readonly number[])[];
  readonly down: readonly (readonly number[])[];
  /** First vertex of each kind of owner; they are in order. */
  readonly first: Readonly<Partial<Record<VertexKind, number>>>;
}

/** How a vertex is called: `die 17`, `L1 3.2`. */
export function vertexName({ machine }: Fabric, vertex: Vertex): string {
  const where = vertex.place === undefined ? `${vertex.index}` : `${vertex.place[0]}.${vertex.place[1]}`;
  switch (vertex.kind) {
    case 'switch':
      return `${vertex.name} ${where}`;
    case 'chip':
      return `${machine.chip.word} ${where}`;
    case 'cpu':
      return `CPU ${where}`;
    case 'die':
    case 'node':
    case 'crossbar':
      return `${vertex.kind} ${where}`;
    default:
      return unreachable(vertex.kind);
  }
}

/** The links of a plane that are stated: between switch levels, and from ports. Two dies that join directly have one link. */
export function linkCounts(fabric: Fabric): readonly { readonly from: string; readonly to: string; readonly links: number; readonly rate: BytesPerSecond }[] {
  const counts = new Map<string, { from: string; to: string; links: number; rate: BytesPerSecond }>();
  const label = ({ kind, name }: Vertex): string =>
    kind === 'switch' ? (name ?? '') : kind === 'chip' ? fabric.machine.chip.word : kind === 'cpu' ? 'CPU' : kind;
  const ends = new Map<number, number>();
  for (const { upper } of fabric.cables) ends.set(upper, (ends.get(upper) ?? 0) + 1);
  for (const { lower, upper, links, rate } of fabric.cables) {
    if (fabric.vertices[lower]?.kind === 'crossbar') continue;
    const direct = fabric.vertices[upper]?.kind === 'crossbar' && ends.get(upper) === 2 && fabric.vertices[lower]?.kind === 'die';
    const from = label(fabric.vertices[lower] as Vertex);
    const to = direct ? from : label(fabric.vertices[upper] as Vertex);
    const key = `${from} ${to} ${rate}`;
    const known = counts.get(key) ?? { from, to, links: 0, rate };
    counts.set(key, { ...known, links: known.links + (direct ? links / 2 : links) });
  }
  return [...counts.values()];
}
