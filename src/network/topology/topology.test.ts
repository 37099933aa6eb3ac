import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { planeOf, type Machine } from '../../catalogue/machine.ts';
import { machines } from '../../cost/settings.contract.ts';
import { fabricOf } from './build.ts';
import { parseEnd, parseFault, verticesOf } from './end.ts';
import { linkCounts, type Fabric } from './fabric.ts';
import { capacitiesOf } from './faults.ts';
import { routeOf, type Route } from './route.ts';

const { supernode, hopper } = machines;
const cluster: Machine = { ...machines.hopperLarge, nodes: 4 };

function fabric(machine: Machine, role: 'scale-up' | 'scale-out' | 'package'): Fabric {
  const plane = planeOf(machine, role);
  if (plane === undefined) throw new Error(role);
  return fabricOf(machine, plane);
}

const ub = fabric(supernode, 'scale-up');
const healthy = capacitiesOf(ub, []);

/** An eighth of the supernode with twice the links between the levels, whose faults can be drawn from few cables. */
const fabrics = [ub, fabric(hopper, 'scale-up'), fabric(cluster, 'scale-out')];
const drawn = fc.constantFrom(...fabrics).chain((where) =>
  fc.record({
    where: fc.constant(where),
    from: fc.nat({ max: 31 }),
    to: fc.nat({ max: 31 }),
    faults: fc.array(fc.record({ cable: fc.nat({ max: where.cables.length - 1 }), left: fc.constantFrom(0, 0.25, 0.5) }), { maxLength: 4 }),
  }),
);
const endOf = ({ vertices }: Fabric, i: number): number => i % vertices.filter(({ level, kind }) => level === 0 && kind !== 'cpu').length;
const withFaults = (where: Fabric, faults: readonly { readonly cable: number; readonly left: number }[]): Float64Array => {
  const capacity = capacitiesOf(where, []);
  for (const { cable, left } of faults) capacity[cable] = (capacity[cable] ?? 0) * left;
  return capacity;
};

/** What comes to each vertex and leaves it, as a share of the stream. */
function balance({ cables }: Fabric, route: Route): ReadonlyMap<number, number> {
  const net = new Map<number, number>();
  for (const { cable, upward, share } of route.uses) {
    const { lower, upper } = cables[cable] ?? { lower: -1, upper: -1 };
    const [a, b] = upward ? [lower, upper] : [upper, lower];
    net.set(a, (net.get(a) ?? 0) - share);
    net.set(b, (net.get(b) ?? 0) + share);
  }
  return net;
}

describe('topology', () => {
  test('the supernode: 336 L1 and 112 L2 chips, 5,376 links between them, each L1 chip one to each L2 chip of its own sub-plane', () => {
    const at = (name: string) => ub.vertices.flatMap((vertex, i) => (vertex.name === name ? [i] : []));
    expect([at('L1').length, at('L2').length]).toEqual([336, 112]);
    expect(linkCounts(ub).find(({ from }) => from === 'L1')).toEqual({ from: 'L1', to: 'L2', links: 5376, rate: 28e9 });
    for (const chip of at('L1')) {
      const uppers = (ub.up[chip] ?? []).map((cable) => ub.cables[cable]);
      expect(uppers.map((cable) => cable?.links)).toEqual(Array.from({ length: 16 }, () => 1));
      expect(new Set(uppers.map((cable) => ub.vertices[cable?.upper ?? 0]?.lane))).toEqual(new Set([ub.vertices[chip]?.lane]));
      expect(new Set(uppers.map((cable) => cable?.upper)).size).toBe(16);
    }
    for (const chip of at('L2')) expect(ub.down[chip]?.length).toBe(48);
  });

  test('a node of eight GPUs: 18 links each over four switch chips; rails join chips of the same place', () => {
    expect(linkCounts(fabric(hopper, 'scale-up'))).toEqual([{ from: 'GPU', to: 'nvswitch', links: 144, rate: 25e9 }]);
    const rdma = fabric(cluster, 'scale-out');
    const all = capacitiesOf(rdma, []);
    expect(routeOf(rdma, all, 3, 8 + 3)?.top).toBe(1);
    expect(routeOf(rdma, all, 3, 8 + 4)?.top).toBe(2);
  });

  test('dies of a package join directly', () => {
    expect(linkCounts(fabric(supernode, 'package'))).toEqual([{ from: 'die', to: 'die', links: 384, rate: 270e9 }]);
  });
});

describe('routes', () => {
  test('what comes to a switch leaves it, nothing is over its capacity, and all of the stream arrives', () => {
    fc.assert(
      fc.property(drawn, ({ where, from, to, faults }) => {
        const [a, b] = [endOf(where, from), endOf(where, to)];
        if (a === b) return;
        const capacity = withFaults(where, faults);
        const route = routeOf(where, capacity, a, b);
        if (route === undefined) return;
        for (const [vertex, net] of balance(where, route)) expect(net).toBeCloseTo(vertex === a ? -1 : vertex === b ? 1 : 0, 9);
        for (const { cable, share } of route.uses) expect(share * route.capacity).toBeLessThanOrEqual((capacity[cable] ?? 0) * (1 + 1e-9));
      }),
      { numRuns: 400 },
    );
  });

  test('a route of all it can get: some cable at each end, or a lane of it, is full', () => {
    const route = routeOf(ub, healthy, 0, 500);
    expect(route?.capacity).toBeCloseTo(196e9, 0);
    expect(route?.uses.length).toBe(2 * 7 + 2 * 112);
  });

  test('a fault never widens a route', () => {
    fc.assert(
      fc.property(drawn, ({ where, from, to, faults }) => {
        const [a, b] = [endOf(where, from), endOf(where, to)];
        if (a === b) return;
        const before = routeOf(where, capacitiesOf(where, []), a, b)?.capacity ?? 0;
        const after = routeOf(where, withFaults(where, faults), a, b)?.capacity ?? 0;
        expect(after).toBeLessThanOrEqual(before * (1 + 1e-9));
      }),
    );
  });

  test('losing one of seven sub-planes leaves six sevenths, whichever it is; losing one L2 chip leaves a single stream whole', () => {
    for (let lane = 0; lane < 7; lane++) {
      const { value } = parseFault(supernode, [ub], `sub-plane ${lane}`, false);
      const capacity = capacitiesOf(
        ub,
        (value ?? []).map(({ fault }) => fault),
      );
      expect((routeOf(ub, capacity, 3, 700)?.capacity ?? 0) / 196e9).toBeCloseTo(6 / 7, 12);
    }
    const { value } = parseFault(supernode, [ub], 'l2 3', false);
    expect(
      routeOf(
        ub,
        capacitiesOf(
          ub,
          (value ?? []).map(({ fault }) => fault),
        ),
        3,
        700,
      )?.capacity,
    ).toBeCloseTo(196e9, 0);
  });

  test('a lane sends little over a link that is very slow, and so loses nothing by it', () => {
    const { value } = parseFault(supernode, [ub], 'link l1 0.1 - l2 1.5:1%', true);
    expect(
      routeOf(
        ub,
        capacitiesOf(
          ub,
          (value ?? []).map(({ fault }) => fault),
        ),
        3,
        700,
      )?.capacity,
    ).toBeCloseTo(196e9, 0);
  });

  test('a node whose switch chips have all failed has no way left', () => {
    const faults = Array.from({ length: 7 }, (_, i) => parseFault(supernode, [ub], `l1 0.${i}`, false).value?.[0]?.fault).filter(
      (fault) => fault !== undefined,
    );
    expect(routeOf(ub, capacitiesOf(ub, faults), 0, 700)).toBeUndefined();
    expect(routeOf(ub, capacitiesOf(ub, faults), 16, 700)?.capacity).toBeCloseTo(196e9, 0);
  });
});

describe('names', () => {
  const one = (typed: string) => parseEnd(supernode, [ub], typed);

  test('ends as people type them', () => {
    expect(verticesOf(ub, one('npu 8').value ?? { kind: 'die', index: 0, text: '' })).toEqual([16, 17]);
    expect(verticesOf(ub, one('CPU 3').value ?? { kind: 'die', index: 0, text: '' })).toEqual([768 + 3]);
    expect(one('switch l1 3.2').value).toEqual({ kind: 'switch', index: 23, level: 'L1', text: 'switch l1 3.2' });
    expect(one('l1 23').value?.index).toBe(23);
    expect(verticesOf(ub, one('node 2').value ?? { kind: 'die', index: 0, text: '' })).toHaveLength(16);
  });

  test.each([
    ['die 768', /die 0 to 767/],
    ['l1 48.0', /0\.0 to 47\.6/],
    ['dye 3', /did you mean "die"/],
    ['die', /a name and a number/],
    ['die 1.2', /one number after die/],
  ])('%s is refused', (typed, problem) => {
    expect(one(typed).problem).toMatch(problem);
  });

  test.each([
    ['l1 0.2:50%', false, /--slow takes shares/],
    ['l1 0.2', true, /what is left of its rate/],
    ['l1 0.2:50', true, /such as "l1 0\.2:50%", got "l1 0\.2:50"/],
    ['l1 0.2:0.5', true, /such as "l1 0\.2:50%", got "l1 0\.2:0\.5"/],
    ['l1 0.2:50', false, /without a share, got "l1 0\.2:50"/],
    ['l1 0.2:150%', true, /share from 0 to 100 %/],
    ['link die 0 - l2 3', false, /no plane of .* has a link/],
    ['rail 2', false, /has no rails/],
    ['sub-plane 7', false, /0 to 6 of ub/],
  ])('the fault %s is refused', (typed, slow, problem) => {
    expect(parseFault(supernode, [ub], typed, slow).problem).toMatch(problem);
  });
});
