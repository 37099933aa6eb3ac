import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { machineIssues } from './check.ts';
import type { Chip } from './chip.ts';
import type { Figure } from './figure.ts';
import { figuresOf, kindsOf } from './figures.ts';
import type { Machine, Plane } from './machine.ts';
import { totalsOf } from './totals.ts';

const figure = (value: number): Figure => ({ value, kind: 'estimate', source: 'a test' });

function chip(dies: number): Chip {
  return {
    name: 'c',
    title: 'C',
    vendor: 'V',
    word: 'NPU',
    generation: 'g',
    dies,
    die: {
      matrix: { cores: figure(4), peaks: { bf16: { peak: { ...figure(100), alternatives: [{ value: 110, kind: 'sheet', source: 'another' }] } } } },
      vector: { cores: figure(4), peak: figure(10) },
      memory: { capacity: figure(64), bandwidth: figure(16) },
    },
    power: { max: figure(500) },
    notes: [],
  };
}

/** Two levels: in each node a switch per sub-plane, above them as many in each sub-plane as a lower one has links. */
function fabric(nodes: number, chips: number, dies: number, subPlanes: number, upper: number): Plane {
  return {
    name: 'fabric',
    role: 'scale-up',
    port: { owner: 'die', bandwidth: figure(subPlanes * upper), latency: figure(1e-6) },
    efficiency: figure(0.8),
    peerAccess: true,
    domainChips: nodes * chips,
    subPlanes,
    rails: 1,
    levels: [
      { name: 'lower', chips: subPlanes, per: 'node', uplinks: upper * chips * dies, linkBandwidth: figure(1) },
      { name: 'upper', chips: upper, per: 'sub-plane', ports: nodes * chips * dies, uplinks: 0, linkBandwidth: figure(1) },
    ],
    paths: [],
  };
}

const machines = fc
  .record({
    nodes: fc.integer({ min: 1, max: 64 }),
    chips: fc.integer({ min: 1, max: 16 }),
    dies: fc.integer({ min: 1, max: 4 }),
    subPlanes: fc.integer({ min: 1, max: 9 }),
    upper: fc.integer({ min: 1, max: 16 }),
  })
  .map(({ nodes, chips, dies, subPlanes, upper }): Machine => ({
    name: 'm',
    title: 'M',
    chip: chip(dies),
    nodes,
    scalable: false,
    node: { chips, cpus: 2, cpu: 'a CPU', dram: figure(1000) },
    planes: [fabric(nodes, chips, dies, subPlanes, upper)],
    stack: 's',
    notes: [],
  }));

describe('totals of any machine', () => {
  test('are sums over its dies', () => {
    fc.assert(
      fc.property(machines, (machine) => {
        const totals = totalsOf(machine);
        expect(totals.dies).toBe(machine.nodes * machine.node.chips * machine.chip.dies);
        expect(totals.memory).toEqual({ capacity: 64 * totals.dies, bandwidth: 16 * totals.dies });
        expect(totals.peaks).toMatchObject([{ format: 'bf16', total: 100 * totals.dies, alternatives: [110 * totals.dies] }]);
        expect([totals.cpus, totals.dram, totals.chipPower]).toEqual([2 * machine.nodes, 1000 * machine.nodes, 500 * totals.chips]);
      }),
    );
  });

  test('a fabric without oversubscription carries up what its ports inject, and is consistent', () => {
    fc.assert(
      fc.property(machines, (machine) => {
        const [fabric] = totalsOf(machine).planes;
        expect(fabric?.levels[0]?.uplinkBandwidth).toBe(fabric?.oneWay);
        expect(fabric?.bothWays).toBe(2 * (fabric?.oneWay ?? 0));
        expect(machineIssues(machine)).toEqual([]);
      }),
    );
  });

  test('one port fewer above is one too few', () => {
    fc.assert(
      fc.property(machines, (machine) => {
        const planes = machine.planes.map((plane) => ({
          ...plane,
          levels: plane.levels.map((level) => (level.ports === undefined ? level : { ...level, ports: level.ports - 1 })),
        }));
        expect(machineIssues({ ...machine, planes }).map(({ path }) => path)).toEqual(['planes[0].levels[0].uplinks']);
      }),
    );
  });

  test('twice the nodes in two domains are twice everything', () => {
    fc.assert(
      fc.property(machines, (machine) => {
        const [one, two] = [totalsOf(machine), totalsOf({ ...machine, nodes: 2 * machine.nodes })];
        expect([two.chips, two.switchChips, two.memory.capacity, two.planes[0]?.oneWay, two.planes[0]?.domains]).toEqual([
          2 * one.chips,
          2 * one.switchChips,
          2 * one.memory.capacity,
          2 * (one.planes[0]?.oneWay ?? 0),
          2,
        ]);
      }),
    );
  });

  test('every figure is counted under its kind', () => {
    fc.assert(
      fc.property(machines, (machine) => {
        const figures = figuresOf(machine);
        expect(kindsOf(figures)).toEqual({ sheet: 0, measured: 0, estimate: figures.length });
      }),
    );
  });
});
