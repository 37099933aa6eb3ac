import type { Fabric } from '../topology/fabric.ts';
import { capacitiesOf } from '../topology/faults.ts';
import { verticesOf } from '../topology/end.ts';
import { shareOf } from './share.ts';
import { Structure } from './structure.ts';

/**
 * What faults leave of the rate at which a group of dies exchanges on a plane: the slowest flow of an all-to-all among them, over the same without faults. Groups
 * that span several domains of the plane are looked at domain by domain. 1 for a group that does not use the plane.
 */
export function shareLeft(fabric: Fabric, capacity: Float64Array, dies: readonly number[]): number {
  const ports = [...new Set(dies.flatMap((index) => verticesOf(fabric, { kind: 'die', index, text: '' }).slice(0, 1)))];
  const domainOf = domainsOf(fabric);
  const domains = new Map<number, number[]>();
  for (const port of ports) {
    const domain = domainOf[port] as number;
    const known = domains.get(domain);
    if (known === undefined) domains.set(domain, [port]);
    else known.push(port);
  }
  let least = 1;
  const faulty = new Structure(fabric, capacity);
  for (const members of domains.values()) {
    if (members.length < 2) continue;
    least = Math.min(least, slowest(faulty, members) / withoutFaults(fabric, members));
  }
  return least;
}

function slowest(structure: Structure, members: readonly number[]): number {
  return Math.min(...shareOf(structure, [{ kind: 'all-to-all', members }]).flows.map(({ rate }) => rate));
}

/** Rates without faults, by fabric and members: asked for again at every fault. */
const known = new WeakMap<Fabric, Map<string, number>>();

function withoutFaults(fabric: Fabric, members: readonly number[]): number {
  const rates = known.get(fabric) ?? new Map<string, number>();
  known.set(fabric, rates);
  const key = members.join(' ');
  const rate = rates.get(key) ?? slowest(new Structure(fabric, capacitiesOf(fabric, [])), members);
  rates.set(key, rate);
  return rate;
}

/** Parts of a plane that links join, faults not counted. */
function domainsOf({ vertices, cables }: Fabric): Int32Array {
  const parent = Int32Array.from(vertices, (_, v) => v);
  const root = (vertex: number): number => {
    let at = vertex;
    while (parent[at] !== at) at = parent[at] = parent[parent[at] as number] as number;
    return at;
  };
  for (const { lower, upper } of cables) parent[root(lower)] = root(upper);
  return Int32Array.from(vertices, (_, v) => root(v));
}
