import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { planeOf, type Machine, type Plane } from '../catalogue/machine.ts';
import { collectiveAlgorithms, collectiveOperations } from '../catalogue/library.ts';
import { machines, stacks } from '../cost/settings.contract.ts';
import { demandOf } from './algorithm.ts';
import { collectiveOptions } from './collective-options.ts';
import { collectiveModel } from './collective.ts';
import { rowBytes, workOf } from './exchange-load.ts';
import { exchangeModel, type ExchangeLoad } from './exchange.ts';
import { groupOf, spreadGroup } from './group.ts';
import { transferTime, wayOf } from './point-to-point.ts';

const { supernode, hopper } = machines;
const cluster = { ...machines.hopperLarge, nodes: 16 };
const load = (tokens: number): ExchangeLoad => ({ tokens, fanout: 8, hidden: 7168, format: 'int8' });

describe('dispatch and combine', () => {
  const at = (ranks: number) => exchangeModel(supernode, stacks.cann, 'low-latency', ranks);

  test.each([
    ['dispatch', 8, 116],
    ['dispatch', 32, 133],
    ['dispatch', 128, 152],
    ['combine', 8, 118],
    ['combine', 32, 146],
    ['combine', 128, 150],
  ] as const)('%s over EP%i at 128 tokens is within 5 %% of the published %i us', (operation, ranks, time) => {
    expect(Math.abs((at(ranks).time(operation, load(128)) * 1e6) / time - 1)).toBeLessThan(0.05);
  });

  test('its parts are its time, and degrees and loads that were not measured are doubted', () => {
    const { start, ranks, experts, cores, near, far, time } = at(64).parts('dispatch', load(128));
    expect(start + ranks + experts + cores + near + far).toBeCloseTo(time, 15);
    expect(at(64).doubts).toEqual([]);
    expect(at(320).doubts.map(({ rule, where }) => [rule, where])).toEqual([['exchange-degree', 'EP320']]);
    expect(at(320).doubts[0]?.message).toMatch(/EP8 to EP128/);
    expect(at(320).loadDoubts('dispatch', load(4096))[0]?.rule).toBe('exchange-tokens');
  });

  test('more tokens, more experts of a token, a wider row and a slower port take longer, a larger group never less', () => {
    const setups = [
      { machine: supernode, stack: stacks.cann, ranks: [8, 64, 320] },
      { machine: cluster, stack: stacks.sglang, ranks: [8, 32, 128] },
    ];
    for (const { machine, stack, ranks } of setups)
      for (const kernel of ['low-latency', 'throughput'] as const) {
        fc.assert(
          fc.property(fc.integer({ min: 1, max: 5000 }), fc.constantFrom('dispatch', 'combine'), fc.constantFrom(...ranks), (tokens, operation, n) => {
            const model = exchangeModel(machine, stack, kernel, n);
            const slower = exchangeModel(machine, stack, kernel, n, () => 0.5);
            const base = model.time(operation, load(tokens));
            expect(model.time(operation, load(tokens + 1))).toBeGreaterThan(base);
            expect(model.time(operation, { ...load(tokens), fanout: 9 })).toBeGreaterThan(base);
            expect(model.time(operation, { ...load(tokens), hidden: 8192 })).toBeGreaterThan(base);
            expect(slower.time(operation, load(tokens))).toBeGreaterThan(base);
          }),
        );
      }
    for (const operation of ['dispatch', 'combine'] as const)
      for (const tokens of [1, 64, 512]) {
        const times = [8, 16, 32, 128, 320].map((n) => at(n).time(operation, { ...load(tokens), localExperts: 1 }));
        for (let i = 1; i < times.length; i++) expect(times[i]).toBeGreaterThanOrEqual(times[i - 1] ?? Infinity);
      }
  });

  test('what it takes of the cores is a part of its time, the same over both planes for as many experts', () => {
    for (const operation of ['dispatch', 'combine'] as const) {
      const [near, far] = [8, 32].map((ranks) => exchangeModel(cluster, stacks.sglang, 'low-latency', ranks));
      const onCores = [near?.onCores(operation, { ...load(64), localExperts: 32 }), far?.onCores(operation, { ...load(64), localExperts: 8 })];
      expect(onCores[0]).toBe(onCores[1]);
      expect(onCores[0]).toBeGreaterThan(0);
      expect(onCores[0]).toBeLessThan(near?.time(operation, load(1)) ?? 0);
    }
  });

  test('what it holds of the cores over both planes lies between that and its time', () => {
    const holding = (held: number) => ({
      ...stacks.sglang,
      exchanges: stacks.sglang.exchanges.map((exchange) => (exchange.plane === 'scale-out' ? { ...exchange, held } : exchange)),
    });
    const on = { ...load(64), localExperts: 8 };
    for (const operation of ['dispatch', 'combine'] as const) {
      const [none, half, all] = [0, 0.5, 1].map((held) => exchangeModel(cluster, holding(held), 'low-latency', 32).onCores(operation, on));
      const model = exchangeModel(cluster, stacks.sglang, 'low-latency', 32);
      expect(none).toBe(model.onCores(operation, on));
      expect(half).toBeGreaterThan(none ?? Infinity);
      expect(all).toBeGreaterThan(half ?? Infinity);
      expect(all).toBeLessThan(model.time(operation, on));
    }
  });

  test('an exchange moves the bytes of its rows: what stays, what stays in the node and what leaves it are all of them', () => {
    const one = stacks.sglang.exchanges.find(({ kernel, plane }) => kernel === 'low-latency' && plane === 'scale-out');
    if (one === undefined) throw new Error('no kernel');
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4096 }), fc.constantFrom(16, 32, 128), (tokens, ranks) => {
        const { near, far } = workOf(one, 'dispatch', { ranks, perNode: 8, nearPort: 1, farPort: 1, cores: 132 }, load(tokens));
        const whole = tokens * 8 * rowBytes(one, 'dispatch', 7168, 'int8');
        expect((near + far) / (whole * (1 - 1 / ranks))).toBeCloseTo(1, 12);
        expect(far / whole).toBeCloseTo(1 - 8 / ranks, 12);
      }),
    );
  });

  test('a group that outgrows its scale-up domain goes over scale-out, and a chip without kernels says that', () => {
    expect(exchangeModel(cluster, stacks.sglang, 'low-latency', 8).plane).toBe('scale-up');
    expect(exchangeModel(cluster, stacks.sglang, 'low-latency', 32).plane).toBe('scale-out');
    expect(exchangeModel(cluster, stacks.cann, 'low-latency', 32).doubts[0]?.rule).toBe('exchange-unmeasured');
  });

  test('faults slow an exchange without kernels too', () => {
    const at = (left: number): number => exchangeModel(cluster, stacks.cann, 'low-latency', 32, () => left).parts('combine', load(64)).far;
    expect(at(0.5) / at(1)).toBeCloseTo(2, 12);
  });
});

describe('dies that do not reach the memory of their peers', () => {
  const alone = { ...hopper, planes: hopper.planes.map((plane) => (plane.role === 'scale-up' ? { ...plane, peerAccess: false } : plane)) };
  const gathering = { ...stacks.vllm, exchangeElsewhere: { way: 'all-gather', source: 'a test' } } as const;

  test('pass messages: nothing runs that stores into them', () => {
    for (const operation of collectiveOperations)
      for (const bytes of [1e3, 1e6, 1e9]) {
        const [ways = []] = collectiveOptions(collectiveModel(alone, stacks.vllm, 8), operation, bytes);
        expect(ways.length).toBeGreaterThan(0);
        for (const { algorithm } of ways) expect(['ring', 'tree', 'pairwise']).toContain(algorithm);
      }
    expect(exchangeModel(alone, stacks.sglang, 'low-latency', 8).kernel).toBeUndefined();
  });

  test('gather the tokens of all and scatter what experts add, whatever the experts of a token, where the stack does so', () => {
    const model = exchangeModel(alone, gathering, 'low-latency', 8);
    for (const tokens of [1, 64, 4096]) {
      const vector = 8 * tokens * 7168;
      expect(model.time('dispatch', load(tokens))).toBe(collectiveModel(alone, gathering, 8).price('all-gather', vector).time);
      expect(model.time('combine', load(tokens))).toBe(collectiveModel(alone, gathering, 8).price('reduce-scatter', vector * 2).time);
      expect(model.time('combine', { ...load(tokens), fanout: 1 })).toBe(model.time('combine', load(tokens)));
      const { start, far, time } = model.parts('dispatch', load(tokens));
      expect(start + far).toBeCloseTo(time, 15);
    }
    expect(model.time('dispatch', load(0))).toBe(0);
    expect(model.bytes('combine', load(3))).toBe(7 * 3 * 7168 * 2);
    expect(model.doubts.map(({ rule }) => rule)).toContain('exchange-unmeasured');
  });
});

test('dies that no plane joins run no collective and no exchange, however they are chosen', () => {
  const apart = { ...cluster, planes: cluster.planes.filter(({ role }) => role === 'scale-up') };
  const message = /no scale-up, scale-out or host plane of .* joins these/;
  for (const ranks of [16, 64]) {
    expect(() => collectiveModel(apart, stacks.vllm, ranks)).toThrow(message);
    expect(() => collectiveModel(apart, stacks.vllm, spreadGroup(apart, 2, ranks))).toThrow(message);
    for (const stack of [stacks.sglang, stacks.vllm]) expect(() => exchangeModel(apart, stack, 'low-latency', ranks)).toThrow(message);
  }
  expect(() => groupOf(apart, [0, 9])).toThrow(message);
  expect(groupOf(apart, [8, 15]).plane?.role).toBe('scale-up');
  expect(collectiveModel(apart, stacks.vllm, 8).price('all-reduce', 1e6).time).toBe(collectiveModel(cluster, stacks.vllm, 8).price('all-reduce', 1e6).time);
  expect(collectiveModel({ ...apart, planes: [] }, stacks.vllm, 1).price('all-reduce', 1e6).time).toBe(0);
});

describe('collectives', () => {
  const models = fc.constantFrom(...[hopper, cluster, supernode].map((machine) => ({ machine, stack: machine === supernode ? stacks.cann : stacks.vllm })));

  /** A machine whose scale-up plane differs. */
  const withScaleUp = (machine: Machine, change: (plane: Plane) => Partial<Plane>): Machine => ({
    ...machine,
    planes: machine.planes.map((plane) => (plane.role === 'scale-up' ? { ...plane, ...change(plane) } : plane)),
  });
  const faster = (machine: Machine, factor: number): Machine =>
    withScaleUp(machine, ({ port }) => ({ port: { ...port, bandwidth: { ...port.bandwidth, value: factor * port.bandwidth.value } } }));
  const reaching = (machine: Machine, share: number): Machine => withScaleUp(machine, ({ efficiency }) => ({ efficiency: { ...efficiency, value: share } }));
  /** Of a generation on which nothing was measured. */
  const unmeasured: Machine = { ...hopper, chip: { ...hopper.chip, generation: 'a test' } };

  test('more bytes never take less time', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...collectiveOperations),
        models,
        fc.integer({ min: 1, max: 1e9 }),
        fc.constantFrom(2, 4, 8, 16, 32),
        fc.double({ min: 1, max: 3, noNaN: true }),
        (operation, { machine, stack }, bytes, ranks, more) => {
          const model = collectiveModel(machine, stack, ranks);
          expect(model.price(operation, bytes * more).time).toBeGreaterThanOrEqual(model.price(operation, bytes).time * (1 - 1e-12));
        },
      ),
      { numRuns: 1000 },
    );
  });

  test('a faster port never takes more time', () => {
    const setups = [
      { machine: hopper, stack: stacks.sglang },
      { machine: supernode, stack: stacks.cann },
      { machine: reaching(hopper, 0.3), stack: stacks.vllm },
      { machine: reaching(unmeasured, 0.3), stack: stacks.vllm },
    ];
    for (const { machine, stack } of setups)
      for (const operation of collectiveOperations)
        for (const ranks of [2, 4, 8])
          for (const bytes of [64e3, 1.05e6, 64e6]) {
            const times = Array.from({ length: 40 }, (_, i) => collectiveModel(faster(machine, 0.6 + i / 25), stack, ranks).price(operation, bytes).time);
            for (const [i, time] of times.entries())
              expect(time, `${operation} ${ranks} ${bytes} ${i}`).toBeLessThanOrEqual((times[i - 1] ?? Infinity) * (1 + 1e-12));
          }
  });

  test('a port that is faster by a thousandth saves at most a few thousandths, whatever share of it streams reach', () => {
    for (const machine of [reaching(hopper, 0.3), reaching(unmeasured, 0.3), reaching(supernode, 0.3)])
      for (const factor of Array.from({ length: 400 }, (_, i) => 0.4 + i / 200)) {
        const stack = machine.name === supernode.name ? stacks.cann : stacks.vllm;
        const [slow, fast] = [factor, factor * 1.001].map((times) => collectiveModel(faster(machine, times), stack, 8).price('all-reduce', 64e6).time);
        expect((slow ?? 0) / (fast ?? 1), `${factor}`).toBeLessThan(1.006);
      }
  });

  test('peers of a shot are reached at the same time: a plane that is 10 us slower adds that once to one shot, twice to two, whatever the group', () => {
    const slower = (machine: Machine, role: Plane['role']): Machine => ({
      ...machine,
      planes: machine.planes.map((plane) =>
        plane.role === role ? { ...plane, port: { ...plane.port, latency: { ...plane.port.latency, value: plane.port.latency.value + 10e-6 } } } : plane,
      ),
    });
    const adds = { 'one-shot': 1, 'two-shot': 2, ring: 14 } as const;
    for (const role of ['scale-up', 'scale-out'] as const) {
      const ranks = role === 'scale-up' ? 8 : 64;
      const [ways, late] = [cluster, slower(cluster, role)].map((machine) =>
        collectiveOptions(collectiveModel(machine, stacks.vllm, ranks), 'all-reduce', 4096),
      );
      const part = role === 'scale-up' ? 0 : 1;
      for (const [algorithm, latencies] of Object.entries(adds)) {
        const [fast, slow] = [ways, late].map((parts) => parts?.[part]?.find((way) => way.algorithm === algorithm && way.ranks === 8));
        expect(((slow?.start ?? 0) - (fast?.start ?? 0)) * 1e6, `${role} ${algorithm}`).toBeCloseTo(10 * latencies, 9);
      }
    }
  });

  test('on a generation without measured collectives the share that the machine states is used, and said to be', () => {
    const times = [0.1, 0.3, 0.99].map((share) => collectiveModel(reaching(unmeasured, share), stacks.vllm, 8).price('all-gather', 64e6).time);
    const moved = (64e6 * 7) / 8 / 450e9;
    expect((times[0] ?? 0) - (times[1] ?? 0)).toBeCloseTo(moved / 0.1 - moved / 0.3, 12);
    expect(times[1]).toBeGreaterThan(times[2] ?? Infinity);
    // Whether its switches reduce is not known.
    expect(collectiveOptions(collectiveModel(unmeasured, stacks.vllm, 8), 'all-reduce', 64e6)[0]?.map(({ algorithm }) => algorithm)).not.toContain('in-switch');
    expect(collectiveModel(unmeasured, stacks.vllm, 8).doubts[0]?.message).toMatch(/hopper stand in, at most at the efficiency of the plane/);
  });

  /** One domain of 72, wider than any group that was measured, and planes that are slow to answer. */
  const far = [hopper, withScaleUp(cluster, () => ({ domainChips: 72 }))].flatMap((machine) =>
    [3.33e-6, 100e-6].map((latency) => withScaleUp(machine, ({ port }) => ({ port: { ...port, latency: { ...port.latency, value: latency } } }))),
  );

  test('parts of a way are its time; it takes longer than its work only up to twice the largest message of the protocol before', () => {
    for (const machine of far)
      for (const stack of [stacks.vllm, stacks.sglang])
        for (const operation of collectiveOperations)
          for (const bytes of [100, 1e3, 4096, 6e4, 1e6, 64e6, 1e9]) {
            const ranks = machine.nodes === 1 ? 8 : 72;
            for (const way of collectiveOptions(collectiveModel(machine, stack, ranks), operation, bytes)[0] ?? []) {
              expect((way.start + way.moving + way.copying + way.levelled) / way.time).toBeCloseTo(1, 12);
              const near = stack.collectives.some(({ above }) => bytes / ranks > above && bytes / ranks < 2 * above);
              expect(way.levelled, `${way.library} ${way.algorithm} ${bytes}`).toBeLessThanOrEqual(near ? Infinity : 0);
              expect(way.inRange || way.levelled === 0).toBe(true);
            }
          }
  });

  test('where groups are wider or planes slower than those measured, more bytes never take less time either', () => {
    for (const machine of far)
      for (const stack of [stacks.vllm, stacks.sglang])
        for (const operation of collectiveOperations) {
          const model = collectiveModel(machine, stack, machine.nodes === 1 ? 8 : 72);
          const times = Array.from({ length: 160 }, (_, i) => model.price(operation, 100 * 1.11 ** i).time);
          for (const [i, time] of times.entries()) expect(time).toBeGreaterThanOrEqual((times[i - 1] ?? 0) * (1 - 1e-12));
        }
  });

  test('a shot takes one latency where two shots of a smaller message would take two', () => {
    const [, late] = far;
    const time = collectiveModel(late ?? hopper, stacks.vllm, 8).price('all-reduce', 4096).time;
    expect(time).toBeGreaterThan(100e-6);
    expect(time).toBeLessThan(110e-6);
  });

  test('a message just above the end of a protocol never takes less time than the largest below it', () => {
    for (const { machine, stack } of [
      { machine: hopper, stack: stacks.vllm },
      { machine: hopper, stack: stacks.sglang },
    ])
      for (const ranks of [2, 3, 4, 8]) {
        const model = collectiveModel(machine, stack, ranks);
        for (const { operation, above } of stack.collectives.filter((way) => way.above > 0)) {
          const [at, beyond] = [1, 1 + 1e-9].map((factor) => model.price(operation, above * ranks * factor).time);
          expect(beyond).toBeGreaterThanOrEqual(at ?? Infinity);
        }
      }
  });

  test('more ranks never take fewer steps or bytes by the same algorithm, and several domains are never quicker than one of them', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...collectiveAlgorithms),
        fc.constantFrom(...collectiveOperations),
        fc.integer({ min: 2, max: 400 }),
        (algorithm, operation, n) => {
          const [few, many] = [demandOf(algorithm, operation, n), demandOf(algorithm, operation, n + 1)];
          expect(many?.steps ?? 0).toBeGreaterThanOrEqual(few?.steps ?? 0);
          expect(many?.bytes ?? 0).toBeGreaterThanOrEqual((few?.bytes ?? 0) * (1 - 1e-12));
        },
      ),
    );
    fc.assert(
      fc.property(fc.constantFrom(...collectiveOperations), fc.integer({ min: 1, max: 1e9 }), fc.constantFrom(16, 32, 128), (operation, bytes, ranks) => {
        const [inside, across] = [8, ranks].map((n) => collectiveModel(cluster, stacks.vllm, n).price(operation, bytes).time);
        expect(across).toBeGreaterThanOrEqual(inside ?? Infinity);
      }),
    );
  });

  test('what runs is what is explained: the first way of each part, and no other library is quicker', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...collectiveOperations),
        models,
        fc.integer({ min: 1, max: 1e9 }),
        fc.constantFrom(2, 8, 16),
        (operation, { machine, stack }, bytes, ranks) => {
          const model = collectiveModel(machine, stack, ranks);
          const parts = collectiveOptions(model, operation, bytes);
          expect(parts.reduce((sum, [first]) => sum + (first?.time ?? 0), 0)).toBeCloseTo(model.price(operation, bytes).time, 15);
          for (const [first, ...others] of parts) {
            expect(first?.chosen).toBe(true);
            for (const other of others) expect(other.inRange && other.time < (first?.time ?? 0)).toBe(false);
          }
        },
      ),
    );
  });

  test('half of the port that is left takes longer, by at most twice', () => {
    const [whole, half] = [1, 0.5].map((left) => collectiveModel(hopper, stacks.vllm, 8, () => left).price('all-gather', 1e8).time);
    expect(half).toBeGreaterThan(1.2 * (whole ?? 0));
    expect(half).toBeLessThanOrEqual(2 * (whole ?? 0));
  });

  test('on UB a full mesh of 16 dies beats a ring below 1 MiB by more than twice, 4.5 times at 64 KiB, and loses above 16 MiB', () => {
    const ways = (bytes: number) => collectiveOptions(collectiveModel(supernode, stacks.cann, 16), 'all-gather', bytes)[0] ?? [];
    const ratio = (bytes: number) =>
      (ways(bytes).find(({ algorithm }) => algorithm === 'ring')?.time ?? 0) / (ways(bytes).find(({ algorithm }) => algorithm === 'full-mesh')?.time ?? 1);
    expect(Math.abs(ratio(2 ** 16) / 4.5 - 1)).toBeLessThan(0.05);
    expect(ratio(2 ** 20)).toBeGreaterThan(2);
    expect(ratio(2 ** 25)).toBeLessThan(1);
    expect(ways(2 ** 25)[0]?.algorithm).toBe('ring');
  });
});

describe('point to point', () => {
  const plane = planeOf(supernode, 'scale-up');
  test.each([
    ['read', 'machine', 164, 1.9],
    ['write', 'machine', 135, 2.1],
    ['read', 'node', 167, 1.2],
    ['write', 'node', 137, 1.3],
  ] as const)('%s across the %s: %i GB/s, %f us', (operation, scope, rate, latency) => {
    if (plane === undefined) throw new Error('no scale-up plane');
    const way = wayOf(supernode, plane, scope, operation);
    expect(1e9 / (transferTime(way, 1e9) - way.latency) / 1e9).toBeCloseTo(rate, 6);
    expect(transferTime(way, 0) * 1e6).toBeCloseTo(latency, 9);
  });
});
