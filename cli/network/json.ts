import type { CollectiveQuestion, ExchangeQuestion, Network } from '../../schema/network.ts';
import type { PathCost, PathQuestion } from '../../src/network/path.ts';
import type { CollectiveAnswer } from './collective.ts';
import type { ExchangeAnswer } from './exchange.ts';
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

/** The parts of a collective, each with every way, the one taken first. */
export function collectiveAsJson(network: Network, { operation, bytes, dies }: CollectiveQuestion, { group, left, parts, doubts }: CollectiveAnswer): string {
  return asJson(network, {
    collective: { operation, bytes, ranks: dies.length, inner: group.inner, left },
    time: parts.reduce((sum, [first]) => sum + (first?.time ?? 0), 0),
    parts: parts.map((options) => options.map(({ plane, ...option }) => ({ plane: plane.name, ...option }))),
    doubts,
  });
}

/** Each kernel for each operation, with where the time goes. */
export function exchangeAsJson(network: Network, { operations, ranks, load }: ExchangeQuestion, { left, models }: ExchangeAnswer): string {
  return asJson(network, {
    exchange: { operations, ranks, ...load, left },
    kernels: models.flatMap(({ kernel, model }) =>
      operations.map((operation) => ({
        operation,
        kind: kernel,
        library: model.kernel?.library,
        name: model.kernel?.name,
        plane: model.plane,
        ...model.parts(operation, load),
        bytes: model.bytes(operation, load),
        doubts: [...model.doubts, ...model.loadDoubts(operation, load)],
      })),
    ),
  });
}
