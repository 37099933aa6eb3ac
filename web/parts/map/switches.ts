import type { Machine, Plane } from '../../../src/catalogue/machine.ts';
import { fabricOf } from '../../../src/network/topology/build.ts';
import { vertexName } from '../../../src/network/topology/fabric.ts';

/** A switch chip of a plane, as the map shows it. */
export interface Switch {
  /** Such as `L1 3.2`. */
  readonly name: string;
  readonly plane: Plane;
  readonly level: string;
  readonly lane: number | undefined;
  /** The node that it sits in; absent for those of racks of their own. */
  readonly node: number | undefined;
  /** Links down and up with what they carry together, one way. [B/s] */
  readonly down: number;
  readonly up: number;
}

/** Every stated switch chip: those of nodes in order, then the others by their place in their groups, so that equal places of all lanes stand side by side. */
export function switchesOf(machine: Machine): readonly Switch[] {
  const all = machine.planes.flatMap((plane) => {
    if (plane.levels.length === 0) return [];
    const fabric = fabricOf(machine, plane);
    const carried = (cables: readonly number[] | undefined): number =>
      (cables ?? []).reduce((sum, cable) => sum + (fabric.cables[cable]?.links ?? 0) * (fabric.cables[cable]?.rate ?? 0), 0);
    return fabric.vertices.flatMap((vertex, v) => {
      if (vertex.kind !== 'switch') return [];
      const level = plane.levels.find(({ name }) => name === vertex.name);
      const node = level?.per === 'node' ? vertex.place?.[0] : undefined;
      const own: Switch = {
        name: vertexName(fabric, vertex),
        plane,
        level: vertex.name ?? '',
        lane: vertex.lane,
        node,
        down: carried(fabric.down[v]),
        up: carried(fabric.up[v]),
      };
      return [{ own, place: vertex.place ?? [0, vertex.index] }];
    });
  });
  const order = ({ own, place: [group, chip] }: (typeof all)[number]): readonly number[] => (own.node === undefined ? [chip, group] : [group, chip]);
  const planes = machine.planes.map(({ name }) => name);
  return all
    .toSorted((a, b) => {
      const [x, y] = [order(a), order(b)];
      return planes.indexOf(a.own.plane.name) - planes.indexOf(b.own.plane.name) || (x[0] ?? 0) - (y[0] ?? 0) || (x[1] ?? 0) - (y[1] ?? 0);
    })
    .map(({ own }) => own);
}
