import type { Network } from '../../schema/network.ts';
import type { PathCost, PathQuestion } from '../../src/network/path.ts';
import { linkCounts } from '../../src/network/topology/fabric.ts';

function asJson({ machine, faults }: Network, content: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ schema: 'supernode/network/1', machine: machine.name, faults, ...content }, undefined, 2);
}

/** Planes with their vertices and links. */
export function networkAsJson(network: Network): string {
  return asJson(network, {
    planes: network.planes.map(({ fabric, capacity }) => ({
      name: fabric.plane.name,
      role: fabric.plane.role,
      levels: fabric.plane.levels.map(({ name }) => ({ name, chips: fabric.vertices.filter((vertex) => vertex.name === name).length })),
      links: linkCounts(fabric),
      capacity: fabric.cables.reduce((sum, { links, rate }) => sum + links * rate, 0),
      capacityLeft: capacity.reduce((sum, value) => sum + value, 0),
    })),
  });
}

/** The path on every plane that joins the ends, the nearest first. */
export function pathAsJson(network: Network, { from, to, operation, bytes }: PathQuestion, paths: readonly PathCost[], lost: readonly string[]): string {
  return asJson(network, {
    path: { from: from.text, to: to.text, operation, bytes },
    lost,
    planes: paths.map(({ plane, ...path }) => ({ plane: plane.name, role: plane.role, ...path })),
  });
}
