import { describe, expect, test } from 'vitest';
import type { RowShape } from '../../../model/operator.ts';
import type { DieRates, OperatorFamily } from '../family.ts';
import { predictor } from '../predict.ts';
import { activation, add, embedding, norm, quantise, rope, rowMove } from './vector.ts';

const die = { format: 'bf16', vectorCores: 128, blocks: 1, bandwidth: 4e12, cache: 50e6 } as unknown as DieRates;
const families: readonly (readonly [string, OperatorFamily<RowShape>])[] = [norm, activation, rope, quantise, add, rowMove, embedding].map((family) => [
  family.class,
  family,
]);
const rows = [1, 2, 16, 100, 128, 129, 256, 257, 1000, 4096, 4097, 32_768];
const widths = [64, 1024, 4096, 16_384, 53_248];
const bytes = [3, 4, 6, 8];
const shapes = widths.flatMap((width) => bytes.flatMap((each) => rows.map((count): RowShape => ({ rows: count, width, bytes: each }))));

function constants(family: OperatorFamily<RowShape>, values: Readonly<Record<string, number>> = {}): Float64Array {
  return Float64Array.from(family.parameters, ({ name, start }) => values[name] ?? start);
}

describe.each(families)('%s', (_, family) => {
  // Keeping half of what the cache holds, with waves that are felt: every term of the formula is at work.
  const p = constants(family, { kept: 0.5, wave: 0.7, occupancy: 1.5, few: 1e-9 });

  test('takes no less time with more rows, wider rows or more bytes for each element', () => {
    for (const { rows: count, width, bytes: each } of shapes) {
      const time = family.time({ rows: count, width, bytes: each }, die, p);
      for (const more of [1.01, 1.3, 2, 3]) {
        // Few rows are gathered one after another, many together: 17 may be quicker than 16.
        const taller = count <= 16 && count * more > 16 ? count : count * more;
        expect(family.time({ rows: taller, width, bytes: each }, die, p)).toBeGreaterThanOrEqual(time * (1 - 1e-12));
        expect(family.time({ rows: count, width: width * more, bytes: each }, die, p)).toBeGreaterThanOrEqual(time * (1 - 1e-12));
        expect(family.time({ rows: count, width, bytes: each * more }, die, p)).toBeGreaterThanOrEqual(time * (1 - 1e-12));
      }
    }
  });

  test('is never predicted faster than the memory past the cache, whatever a residual makes of it', () => {
    const best = Object.fromEntries(family.parameters.map(({ name, min, max }) => [name, /occupancy|memory|cached|held|kept/.test(name) ? max : min]));
    const halved = { low: [0, 0, 0], step: [1, 1, 1], knots: [[0, 1], [0, 1], []], tables: [{ features: [0, 1] as const, values: [-50, -50, -50, -50] }] };
    const predict = predictor(family, { parameters: best, residual: halved }, die);
    for (const shape of shapes) expect((shape.rows * shape.width * shape.bytes - die.cache) / predict(shape)).toBeLessThanOrEqual(die.bandwidth * (1 + 1e-12));
  });

  test('is no faster on a part of the vector cores and of the bandwidth, whatever the matrix cores do', () => {
    const part = { ...die, vectorCores: 64, bandwidth: die.bandwidth / 2 };
    for (const shape of shapes) {
      expect(family.time(shape, part, p)).toBeGreaterThanOrEqual(family.time(shape, die, p));
      expect(family.time(shape, { ...die, cores: 3 }, p)).toBe(family.time(shape, die, p));
    }
  });
});

describe('a launch of few rows', () => {
  const p = constants(activation, { occupancy: 2, wave: 1, row: 5e-7, column: 5e-10 });
  const at = (count: number, width: number): number => activation.time({ rows: count, width, bytes: 6 }, die, p);

  test('waits for the walk of one row, which is long for wide rows, and for no more until cores are full', () => {
    const [narrow, wide] = [at(1, 4096), at(1, 53_248)];
    expect(wide - narrow).toBeGreaterThan(0.95 * (53_248 - 4096) * 5e-10);
    expect(at(16, 53_248) / wide).toBeLessThan(1.05);
    const smooth = constants(activation, { occupancy: 2, wave: 0 });
    const walk = (count: number): number => activation.time({ rows: count, width: 1, bytes: 1 }, die, smooth);
    expect(walk(100)).toBeCloseTo(walk(1), 9);
    expect(at(257, 4096) - at(256, 4096)).toBeGreaterThan(0.9 * (5e-7 + 4096 * 5e-10));
  });
});

describe('what fits the cache', () => {
  const p = constants(add, { held: 0.5, kept: 0.01, cached: 2e11, memory: 0.8, row: 1e-9, column: 1e-13, occupancy: 32 });
  const rate = (count: number): number => (count * 4096 * 6) / (add.time({ rows: count, width: 4096, bytes: 6 }, die, p) - (p[0] as number));

  test('moves at the rate of the cores, and twice as much at that of the memory', () => {
    expect(rate(1000) / (2e11 * 128)).toBeCloseTo(1, 1);
    expect(rate(20_000) / (0.8 * die.bandwidth)).toBeCloseTo(1, 1);
  });

  test('is kept in part beyond that where kernels follow each other', () => {
    const kept = Float64Array.from(p);
    kept[add.parameters.findIndex(({ name }) => name === 'kept')] = 1;
    const shape = { rows: 4000, width: 4096, bytes: 6 };
    const [time, saved] = [add.time(shape, die, p), add.time(shape, die, kept)];
    expect(time - saved).toBeCloseTo(25e6 / (0.8 * die.bandwidth) - 25e6 / (2e11 * 128), 6);
  });
});

test('a few rows of an embedding are gathered one after another', () => {
  const p = constants(embedding, { few: 6e-7 });
  const at = (count: number): number => embedding.time({ rows: count, width: 4096, bytes: 4 }, die, p);
  expect(at(16) - at(1)).toBeGreaterThan(15 * 6e-7);
  expect(at(17)).toBeLessThan(at(16));
});
