import { describe, expect, test } from 'vitest';
import type { DieRates } from '../family.ts';
import { predictor } from '../predict.ts';
import { gemm } from './gemm.ts';

const die = {
  format: 'bf16',
  peak: 400e12,
  ceiling: 360e12,
  vector: 20e12,
  cores: 24,
  bandwidth: 1.6e12,
  cache: 100e6,
} as unknown as DieRates;
const start = Float64Array.from(gemm.parameters, ({ start: value }) => value);
const widths = [256, 1024, 7168, 16_384];
const rows = [2, 3, 8, 9, 16, 17, 64, 65, 100, 128, 129, 200, 256, 257, 1000, 4096, 4097, 20_000];
const shapes = widths.flatMap((n) => widths.map((k) => ({ n, k })));

describe('a dense product', () => {
  test('takes no less time with more rows', () => {
    for (const { n, k } of shapes) {
      const times = rows.map((m) => gemm.time({ m, n, k }, die, start));
      for (let i = 1; i < times.length; i++) expect(times[i]).toBeGreaterThanOrEqual((times[i - 1] ?? 0) * (1 - 1e-12));
    }
  });

  test('of 16 rows is bound by memory where the matrix engine is weak for its memory, unless blocks have 64 rows at least', () => {
    const weak = { ...die, peak: 148e12, ceiling: 148e12, cores: 78, bandwidth: 4e12, cache: 0 };
    const shape = { m: 16, n: 16_384, k: 7168 };
    const bytes = (shape.n * shape.k + shape.m * (shape.n + shape.k)) * 2;
    expect(gemm.time(shape, weak, start)).toBeLessThan((1.5 * bytes) / weak.bandwidth);
    const chosen = Float64Array.from(gemm.parameters, ({ name, start: value }) => (name === 'blocks' ? 0.9 : value));
    expect(gemm.time(shape, weak, chosen)).toBeGreaterThan((2 * 64 * shape.n * shape.k) / weak.peak);
  });

  test('is never predicted faster than the engines, or than memory where the weights exceed the cache', () => {
    const best = Object.fromEntries(gemm.parameters.map(({ name, min, max }) => [name, /plateau|memory|bandwidth|hit|resident|corner/.test(name) ? max : min]));
    const predict = predictor(gemm, { parameters: best }, die);
    for (const { n, k } of shapes)
      for (const m of rows) {
        const time = predict({ m, n, k });
        expect((2 * m * n * k) / time).toBeLessThanOrEqual(die.ceiling * (1 + 1e-12));
        expect((n * k * 2 - die.cache) / time).toBeLessThanOrEqual(die.bandwidth * (1 + 1e-12));
      }
  });

  test('is no faster on a part of the cores and of the bandwidth', () => {
    const part = { ...die, peak: die.peak / 2, cores: 12, bandwidth: die.bandwidth / 2 };
    for (const { n, k } of shapes) for (const m of rows) expect(gemm.time({ m, n, k }, part, start)).toBeGreaterThanOrEqual(gemm.time({ m, n, k }, die, start));
  });

  test('in groups takes at least as long as the whole of it over one set of weights', () => {
    for (const { n, k } of shapes) {
      const four = gemm.time({ m: 256, n, k, groups: 4 }, die, start);
      expect(four).toBeGreaterThanOrEqual(gemm.time({ m: 256, n, k }, die, start));
      expect(four).toBeGreaterThanOrEqual(gemm.time({ m: 1024, n, k }, die, start) * 0.999);
    }
  });

  test('fills whole waves: one tile more than the cores hold begins another', () => {
    const at = (columns: number) => gemm.time({ m: 128, n: 256 * columns, k: 16_384 }, die, start);
    const within = at(24) - at(23);
    const beyond = at(25) - at(24);
    expect(beyond).toBeGreaterThan(3 * within);
  });

  test('inside a step waits for no host, and leaves quantisation to its own operator', () => {
    const measured = Float64Array.from(start);
    measured[gemm.parameters.findIndex(({ name }) => name === 'host')] = 1e-4;
    const narrow = { ...die, format: 'int8' } as DieRates;
    const own = Float64Array.from(measured);
    gemm.inStep?.(own, narrow, 2e-6);
    const shape = { m: 512, n: 1024, k: 1024 };
    expect(gemm.time(shape, narrow, measured)).toBe(1e-4);
    expect(gemm.time(shape, narrow, own)).toBeLessThan(5e-5);
    const wide = Float64Array.from(start);
    gemm.inStep?.(wide, die, 2e-6);
    expect(gemm.time(shape, die, wide)).toBe(gemm.time(shape, die, start));
  });
});
