/** Fabric counts and paths beside published figures: arXiv 2506.12708 (tables 1 and 11, 3.3), sheets of NVL72. */
import { parse } from 'yaml';
import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { loadChip, loadMachine } from '../cli/machines.ts';
import { readMachine } from '../schema/machine.ts';
import { planeOf, type Machine } from '../src/catalogue/machine.ts';
import { totalsOf } from '../src/catalogue/totals.ts';
import { pathCost } from '../src/network/path.ts';
import { fabricOf } from '../src/network/topology/build.ts';
import { parseEnd } from '../src/network/topology/end.ts';
import { linkCounts, type Fabric } from '../src/network/topology/fabric.ts';
import { capacitiesOf } from '../src/network/topology/faults.ts';

function scaleUp(machine: Machine): Fabric {
  const plane = planeOf(machine, 'scale-up');
  if (plane === undefined) throw new Error('no scale-up plane');
  return fabricOf(machine, plane);
}

const chipsOf = (fabric: Fabric, name: string): number => fabric.vertices.filter((vertex) => vertex.name === name).length;

/** Links that come up to each chip of a level. */
const portsDown = (fabric: Fabric, name: string): readonly number[] =>
  fabric.vertices.flatMap((vertex, i) =>
    vertex.name === name ? [(fabric.down[i] ?? []).reduce((sum, cable) => sum + (fabric.cables[cable]?.links ?? 0), 0)] : [],
  );

describe('counts', () => {
  test('NVL72: 18 switch chips of 72 ports, one link of each GPU to each', () => {
    const fabric = scaleUp(loadMachine('gb200-nvl72'));
    expect(chipsOf(fabric, 'nvswitch')).toBe(9 * 2);
    expect(linkCounts(fabric)).toEqual([{ from: 'GPU', to: 'nvswitch', links: 72 * 18, rate: 50e9 }]);
    expect(portsDown(fabric, 'nvswitch')).toEqual(Array.from({ length: 18 }, () => 72));
  });

  test('CloudMatrix384: ports of dies and CPUs, optical modules', () => {
    const machine = loadMachine('cloudmatrix384');
    const counts = linkCounts(scaleUp(machine)).map(({ from, to, links }) => `${from} ${to} ${links}`);
    expect(counts).toEqual(['die L1 5376', 'CPU L1 1344', 'L1 L2 5376']);
    expect(totalsOf(machine).opticalModules).toBe(6912);
  });

  test.each([
    [48, 384, 56, 100],
    [44, 352, 56, 92],
    [36, 288, 42, 100],
    [32, 256, 42, 89],
    [24, 192, 28, 100],
  ])('a supernode of %i nodes (%i NPUs) needs %i logical L2 switches, %i %% of their ports in use', (nodes, npus, logical, used) => {
    const file = parse(readFileSync(new URL('../data/machines/cloudmatrix384.yaml', import.meta.url), 'utf8')) as {
      nodes: number;
      racks?: unknown;
      planes: { 'domain-chips'?: number; levels?: Record<string, unknown>[] }[];
    };
    const [, ub] = file.planes;
    const { chips: _, ...upper } = ub?.levels?.[1] ?? {};
    if (ub?.levels === undefined) throw new Error('no levels');
    ub.levels[1] = { ...upper, 'chips-step': 2 };
    ub['domain-chips'] = npus;
    const fabric = scaleUp(readMachine({ ...file, nodes }, '', (name) => loadChip(name)));
    const chips = chipsOf(fabric, 'L2');
    expect(chips / 2).toBe(logical);
    const links = linkCounts(fabric).find(({ from }) => from === 'L1')?.links ?? 0;
    expect(links).toBe(nodes * 7 * 16);
    expect(Math.round((100 * links) / (chips * 48))).toBe(used);
    expect(Math.max(...portsDown(fabric, 'L2'))).toBeLessThanOrEqual(48);
  });
});

describe('paths', () => {
  const machine = loadMachine('cloudmatrix384');
  const fabric = scaleUp(machine);
  test.each([
    ['die 0', 'die 700', 'read', 164, 1.9],
    ['die 0', 'die 5', 'read', 167, 1.2],
    ['die 0', 'die 700', 'write', 135, 2.1],
    ['die 0', 'die 5', 'write', 137, 1.3],
    ['die 0', 'cpu 100', 'read', 147, 1.7],
    ['die 0', 'cpu 2', 'read', 151, 1.0],
    ['die 0', 'cpu 100', 'write', 107, 1.9],
    ['die 0', 'cpu 2', 'write', 110, 1.1],
  ] as const)('%s to %s, %s: %f GB/s and %f us within 3 %%', (a, b, operation, rate, latency) => {
    const end = (typed: string) => parseEnd(machine, [fabric], typed).value ?? { kind: 'die', index: 0, text: '' };
    const cost = pathCost(fabric, capacitiesOf(fabric, []), { from: end(a), to: end(b), operation, bytes: 512 });
    if (cost === undefined || cost === 'lost') throw new Error('no path');
    expect(Math.abs(cost.bandwidth / 1e9 / rate - 1)).toBeLessThan(0.03);
    expect(Math.abs(cost.latency * 1e6 - latency)).toBeLessThan(0.03 * latency);
    expect(Math.abs(cost.time * 1e6 - latency)).toBeLessThan(0.03 * latency);
  });
});
