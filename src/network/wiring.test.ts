import { describe, expect, test } from 'vitest';
import type { Figure } from '../catalogue/figure.ts';
import type { Machine, Plane } from '../catalogue/machine.ts';
import { parseFault } from './topology/end.ts';
import { Wiring } from './wiring.ts';

const figure = (value: number): Figure => ({ value, kind: 'estimate', source: 'a test' });

/** Ports of dies and CPUs spread over the node's two switches, each of which has a link to both upper switches of its own sub-plane. */
const plane: Plane = {
  name: 'fabric',
  role: 'scale-up',
  port: { owner: 'die', bandwidth: figure(20), latency: figure(0) },
  cpuPort: figure(10),
  efficiency: figure(0.5),
  peerAccess: true,
  domainChips: 8,
  subPlanes: 2,
  rails: 1,
  levels: [
    { name: 'lower', chips: 2, per: 'node', uplinks: 2, linkBandwidth: figure(10) },
    { name: 'upper', chips: 2, per: 'sub-plane', ports: 4, uplinks: 0, linkBandwidth: figure(10) },
  ],
  paths: [],
};

const machine: Machine = {
  name: 'test',
  title: 'a test',
  chip: { dies: 1, word: 'chip' } as Machine['chip'],
  nodes: 4,
  scalable: false,
  node: { chips: 2, cpus: 2, cpu: 'a CPU', dram: figure(1) },
  planes: [plane],
  stack: '',
  notes: [],
};

const die = (index: number) => ({ kind: 'die', index }) as const;
const cpu = (index: number) => ({ kind: 'cpu', index }) as const;

function wired() {
  const wiring = new Wiring(machine);
  const one = wiring.ports(plane, [die(0)], 'out', 0.5, false);
  const levels = wiring.levels(one);
  const memory = wiring.ports(plane, [cpu(0), cpu(1), cpu(2), cpu(3)], 'out', 1, true);
  return { wiring, one, up: levels[0]?.link ?? -1, levels, memory };
}

/** Rates behind a fault that is named as users name it. */
function ratesAfter(typed: string): readonly number[] {
  const { wiring } = wired();
  const { value = [], problem } = parseFault(machine, wiring.fabrics, typed, typed.includes(':'));
  expect(problem).toBeUndefined();
  return [...wiring.rates(value)];
}

describe('links of ends on the explicit fabric', () => {
  test('MOV-3 a link carries the payload of its cables, and those of a whole are bound by the switches above', () => {
    const { wiring, one, up, memory } = wired();
    expect(wiring.links[one]).toMatchObject({ name: 'fabric: die 0 out', rate: 10 });
    // Two switches a node with two links of 10 each, at half their rate.
    expect(wiring.links[up]).toMatchObject({ name: 'fabric: lower 0.0 to lower 0.1 up', rate: 20 });
    expect(wiring.links[memory]?.rate).toBe(40);
    expect([...wiring.rates()]).toEqual(wiring.links.map(({ rate }) => rate));
  });

  test('MOV-3 dies of one node meet at its switches, dies of two above; the same ports and switches are the same links', () => {
    const { wiring, one, levels } = wired();
    const groups = (index: number, direction: 'out' | 'in') =>
      wiring.levels(wiring.ports(plane, [die(index)], direction, 0.5, false)).map(({ group }) => group);
    expect(groups(1, 'in')[0]).toBe(levels[0]?.group);
    expect(groups(2, 'in')[0]).not.toBe(levels[0]?.group);
    expect(groups(2, 'in')[1]).toBe(levels[1]?.group);
    expect(wiring.ports(plane, [die(0)], 'out', 0.5, false)).toBe(one);
    expect(wiring.ports(plane, [die(0)], 'in', 0.5, false)).not.toBe(one);
  });

  test('MOV-3 ports lie inside those of a whole', () => {
    const { wiring, memory, one } = wired();
    const part = wiring.ports(plane, [cpu(2), cpu(3)], 'out', 1, true);
    expect(wiring.over(part)).toEqual([part, memory]);
    expect(wiring.over(memory)).toEqual([memory]);
    expect(wiring.over(one)).toEqual([one]);
  });

  test('MOV-6 a fault of a switch, a port or a node leaves what its cables carry', () => {
    const { one, up, memory } = wired();
    const lower = ratesAfter('lower 0.0');
    // Half of the ports of node 0, half of what leads on from it; its CPUs are two of four.
    expect([lower[one], lower[up], lower[memory]]).toEqual([5, 10, 30]);
    const upper = ratesAfter('upper 0.0');
    // Links of one of two switches, in one of two sub-planes.
    expect([upper[one], upper[up]]).toEqual([10, 15]);
    const slow = ratesAfter('die 0:25%');
    expect([slow[one], slow[up]]).toEqual([2.5, 20]);
    const node = ratesAfter('node 0');
    expect(node[one]).toBe(0);
  });
});
