import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { planeOf, type Machine } from '../../catalogue/machine.ts';
import { machines } from '../../cost/settings.contract.ts';
import { fabricOf } from '../topology/build.ts';
import { parseFault } from '../topology/end.ts';
import type { Fabric } from '../topology/fabric.ts';
import { capacitiesOf } from '../topology/faults.ts';
import { shareEach, shareOf } from './share.ts';
import { Structure } from './structure.ts';
import type { Traffic } from './traffic.ts';

const small: Machine = { ...machines.supernode, nodes: 3 };
const cluster: Machine = { ...machines.hopperLarge, nodes: 3 };

function fabric(machine: Machine, role: 'scale-up' | 'scale-out'): Fabric {
  const plane = planeOf(machine, role);
  if (plane === undefined) throw new Error(role);
  return fabricOf(machine, plane);
}

/** The same with a third of the links between levels: two ports down for each link up. */
const oversubscribed: Machine = {
  ...small,
  planes: small.planes.map((plane) =>
    plane.role === 'scale-up' ? { ...plane, levels: plane.levels.map((level, i) => (i === 0 ? { ...level, uplinks: 4 } : { ...level, chips: 4 })) } : plane,
  ),
};

const places = [
  {
    where: fabric(small, 'scale-up'),
    faults: ['l1 0.2', 'l2 3', 'l2 3.1', 'sub-plane 4', 'link l1 1.2 - l2 2.5', 'die 9'],
    slow: ['sub-plane 4:40%', 'sub-plane 1:60%', 'l1 2.6:50%', 'die 4:25%', 'link l1 0.1 - l2 1.5:10%'],
  },
  { where: fabric(oversubscribed, 'scale-up'), faults: ['l1 0.2', 'l2 3', 'link l1 1.2 - l2 2.1'], slow: ['l1 2.6:50%', 'die 4:25%'] },
  { where: fabric(cluster, 'scale-out'), faults: ['gpu 3'], slow: ['rail 2:50%', 'gpu 5:25%'] },
];

const drawn = fc.constantFrom(...places).chain(({ where, faults, slow }) => {
  const ends = where.plane.port.owner === 'die' ? 48 : 24;
  const end = fc.nat({ max: ends - 1 });
  const traffic: fc.Arbitrary<Traffic> = fc.oneof(
    fc.record({ kind: fc.constant('all-to-all' as const), members: fc.uniqueArray(end, { minLength: 2, maxLength: 24 }) }),
    fc.constant({ kind: 'all-to-all' as const, members: Array.from({ length: ends }, (_, i) => i) }),
    fc.record({ kind: fc.constant('stream' as const), from: end, to: end, efficiency: fc.constantFrom(1, 0.8) }).filter(({ from, to }) => from !== to),
  );
  return fc.record({
    where: fc.constant(where),
    traffic: fc.array(traffic, { minLength: 1, maxLength: 4 }),
    failed: fc.subarray(faults, { maxLength: Math.min(2, faults.length) }),
    slowed: fc.subarray([...slow], { maxLength: 1 }),
  });
});

const capacityOf = (where: Fabric, failed: readonly string[], slowed: readonly string[] = []): Float64Array =>
  capacitiesOf(
    where,
    [...failed.map((text) => parseFault(where.machine, [where], text, false)), ...slowed.map((text) => parseFault(where.machine, [where], text, true))].flatMap(
      ({ value, problem }) => {
        if (problem !== undefined) throw new Error(problem);
        return value.map(({ fault }) => fault);
      },
    ),
  );

describe('flows by classes', () => {
  test('have the rates that every flow on its own has', () => {
    fc.assert(
      fc.property(drawn, ({ where, traffic, failed, slowed }) => {
        const capacity = capacityOf(where, failed, slowed);
        const each = shareEach(where, capacity, traffic);
        const { flows } = shareOf(new Structure(where, capacity), traffic);
        expect(flows.reduce((sum, { flows: count }) => sum + count, 0)).toBe(each.length);
        // Of each class the shown pair, and all rates together by traffic.
        for (const flow of flows) {
          const one = each.find(({ traffic: at, from, to }) => at === flow.traffic && from === flow.from && to === flow.to);
          expect(Math.abs(flow.rate - (one?.rate ?? NaN))).toBeLessThanOrEqual(1e-6 * (one?.rate ?? 0));
        }
        traffic.forEach((_, at) => {
          const whole = each.filter((flow) => flow.traffic === at).reduce((sum, { rate }) => sum + rate, 0);
          const classes = flows.filter((flow) => flow.traffic === at).reduce((sum, { rate, flows: count }) => sum + rate * count, 0);
          expect(Math.abs(classes - whole)).toBeLessThanOrEqual(1e-6 * whole);
        });
      }),
      { numRuns: 25 },
    );
  }, 20_000);

  test('four nodes that lost one link each, two by two to the same switch, are told apart', () => {
    const where = fabric({ ...machines.supernode, nodes: 4 }, 'scale-up');
    const lost = ['link l1 0.1 - l2 1.5', 'link l1 1.1 - l2 1.5', 'link l1 2.1 - l2 1.9', 'link l1 3.1 - l2 1.9'];
    // Enough from every node that the links up of the switch chips are full.
    const slow = Array.from({ length: 16 }, (_, i) => [0, 1, 2, 3].map((node) => `link l1 ${node}.1 - l2 1.${i}:5%`)).flat();
    const capacity = capacityOf(where, lost, slow);
    const traffic: readonly Traffic[] = [{ kind: 'all-to-all', members: Array.from({ length: 16 }, (_, i) => 4 * i) }];
    const each = shareEach(where, capacity, traffic);
    const { flows } = shareOf(new Structure(where, capacity), traffic);
    for (const flow of flows) {
      const one = each.find(({ from, to }) => from === flow.from && to === flow.to);
      expect(Math.abs(flow.rate / (one?.rate ?? NaN) - 1)).toBeLessThan(1e-6);
    }
    const sum = each.reduce((total, { rate }) => total + rate, 0);
    expect(Math.abs(flows.reduce((total, { rate, flows: count }) => total + rate * count, 0) / sum - 1)).toBeLessThan(1e-6);
  });

  test('no link is over its capacity, and each flow has a full link on its way', () => {
    fc.assert(
      fc.property(drawn, ({ where, traffic, failed, slowed }) => {
        const { flows, links } = shareOf(new Structure(where, capacityOf(where, failed, slowed)), traffic);
        for (const { load, capacity } of links) expect(load).toBeLessThanOrEqual(capacity * (1 + 1e-9));
        const full = links.some(({ load, capacity }) => load > capacity * (1 - 1e-9));
        expect(full || flows.every(({ rate }) => rate === 0)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  test('what enters the plane leaves it', () => {
    fc.assert(
      fc.property(drawn, ({ where, traffic, failed, slowed }) => {
        const { links } = shareOf(new Structure(where, capacityOf(where, failed, slowed)), traffic);
        const carried = (upward: boolean): number =>
          links.filter((link) => link.upward === upward && where.vertices[link.lower]?.level === 0).reduce((sum, { load, cables }) => sum + load * cables, 0);
        expect(carried(true)).toBeCloseTo(carried(false), -3);
      }),
      { numRuns: 40 },
    );
  });

  test('a failed switch never speeds up an all-to-all', () => {
    const where = fabric(small, 'scale-up');
    const members = Array.from({ length: 48 }, (_, i) => i);
    const slowest = (failed: readonly string[]): number =>
      Math.min(...shareOf(new Structure(where, capacityOf(where, failed)), [{ kind: 'all-to-all', members }]).flows.map(({ rate }) => rate));
    const whole = slowest([]);
    expect((whole * 47) / 196e9).toBeCloseTo(1, 9);
    for (const fault of ['l2 3', 'l1 0.2', 'sub-plane 4']) expect(slowest([fault])).toBeLessThanOrEqual(whole);
    expect(slowest(['sub-plane 4']) / whole).toBeCloseTo(6 / 7, 9);
  });

  test('symmetric traffic is one class a distance, whatever its size', () => {
    const where = fabric(machines.supernode, 'scale-up');
    const { flows } = shareOf(new Structure(where, capacityOf(where, [])), [{ kind: 'all-to-all', members: Array.from({ length: 768 }, (_, i) => i) }]);
    expect(flows.map(({ flows: count }) => count).toSorted((a, b) => a - b)).toEqual([768 * 15, 768 * 752]);
  });
});
