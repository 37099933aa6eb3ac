import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { planeOf } from '../catalogue/machine.ts';
import { collectiveOperations } from '../catalogue/stack.ts';
import { machines, scaled, stacks } from '../cost/settings.contract.ts';
import { collectiveModel } from './collective.ts';
import { exchangeModel, type ExchangeLoad } from './exchange.ts';
import { transferTime, wayOf } from './point-to-point.ts';

const { supernode, hopper } = machines;
const cluster = { ...machines.hopperLarge, nodes: 16 };
const load = (tokens: number): ExchangeLoad => ({ tokens, fanout: 8, hidden: 7168, format: 'int8' });

describe('dispatch and combine', () => {
  test.each([
    ['dispatch', 8, 116],
    ['dispatch', 32, 133],
    ['dispatch', 128, 152],
    ['combine', 8, 118],
    ['combine', 32, 146],
    ['combine', 128, 150],
  ] as const)('%s over EP%i at 128 tokens is the published %i us', (operation, ranks, time) => {
    expect(exchangeModel(supernode, stacks.cann, 'low-latency', ranks).time(operation, load(128)) * 1e6).toBeCloseTo(time, 6);
  });

  test('between measured degrees, time lies between theirs; beyond them a doubt says so', () => {
    const at = (ranks: number) => exchangeModel(supernode, stacks.cann, 'low-latency', ranks);
    expect(at(64).time('dispatch', load(128))).toBeGreaterThan(133e-6);
    expect(at(64).time('dispatch', load(128))).toBeLessThan(152e-6);
    expect(at(64).doubts).toEqual([]);
    expect(at(320).doubts.map(({ rule, where }) => [rule, where])).toEqual([['exchange-degree', 'EP320']]);
    expect(at(320).doubts[0]?.message).toMatch(/EP8 to EP128/);
    expect(at(320).loadDoubts('dispatch', load(4096))[0]?.rule).toBe('exchange-tokens');
  });

  test('more tokens, more experts, a wider row and a slower port take longer', () => {
    const narrow = exchangeModel(scaled(supernode, 'scale-up', 0.5), stacks.cann, 'low-latency', 64);
    const model = exchangeModel(supernode, stacks.cann, 'low-latency', 64);
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2000 }), fc.constantFrom('dispatch', 'combine'), (tokens, operation) => {
        const base = model.time(operation, load(tokens));
        expect(model.time(operation, load(tokens + 1))).toBeGreaterThan(base);
        expect(model.time(operation, { ...load(tokens), fanout: 9 })).toBeGreaterThan(base);
        expect(model.time(operation, { ...load(tokens), hidden: 8192 })).toBeGreaterThan(base);
        expect(narrow.time(operation, load(tokens))).toBeGreaterThan(base);
      }),
    );
  });

  test('a group that outgrows its scale-up domain goes over scale-out, and a chip without tables says that', () => {
    expect(exchangeModel(cluster, stacks.sglang, 'low-latency', 8).plane).toBe('scale-up');
    expect(exchangeModel(cluster, stacks.sglang, 'low-latency', 32).plane).toBe('scale-out');
    expect(exchangeModel(cluster, stacks.cann, 'low-latency', 32).doubts[0]?.rule).toBe('exchange-unmeasured');
  });
});

describe('collectives', () => {
  test('more bytes and more ranks never take less time', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...collectiveOperations),
        fc.constantFrom(hopper, cluster, supernode),
        fc.integer({ min: 1, max: 1e9 }),
        fc.constantFrom(2, 4, 8),
        (operation, machine, bytes, ranks) => {
          const at = (n: number, size: number) => collectiveModel(machine, stacks.vllm, n)(operation, size).time;
          expect(at(ranks, bytes * 2)).toBeGreaterThanOrEqual(at(ranks, bytes));
          expect(at(ranks * 2, bytes)).toBeGreaterThanOrEqual(at(ranks, bytes) * (1 - 1e-12));
        },
      ),
      { examples: [['all-reduce', hopper, 538_810, 8]], numRuns: 1000 },
    );
  });

  test('small all-reduces start early, large ones run at the bus rate: measured 3.5 us for 16 KiB, 26 us for 1 MiB, 122 us for 16 MiB', () => {
    const eight = collectiveModel(hopper, stacks.vllm, 8);
    expect(eight('all-reduce', 16_384).time * 1e6).toBeCloseTo(3.9, 1);
    expect(Math.abs(eight('all-reduce', 2 ** 20).time / 26e-6 - 1)).toBeLessThan(0.2);
    expect(Math.abs(eight('all-reduce', 2 ** 24).time / 122e-6 - 1)).toBeLessThan(0.2);
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
