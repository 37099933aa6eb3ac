import { describe, expect, test } from 'vitest';
import type { DieRates } from '../family.ts';
import { groupedProduct, productParameters } from './grouped-product.ts';

const die = { format: 'bf16', peak: 800e12, ceiling: 700e12, vector: 50e12, cores: 128, bandwidth: 4e12, cache: 50e6 } as unknown as DieRates;

/** Constants at their start, but for these. */
const constants = (own: Readonly<Record<string, number>>): Float64Array => Float64Array.from(productParameters, ({ name, start }) => own[name] ?? start);

/** `hit` experts of `rows` rows each, of `local` on the die; the kernel sees `seen` times as many rows. */
const product = (hit: number, rows: number, own: Readonly<Record<string, number>>, seen = 1, local = hit): number =>
  groupedProduct(
    [hit, rows],
    4096,
    4096,
    { weightBytes: 2, inputBytes: 2, expanded: hit * rows * seen, local },
    { ...die, bandwidth: 4e15 },
    constants(own),
    0,
  );

describe('a product of experts', () => {
  test('takes no less time with more rows of each', () => {
    for (const least of [8, 128]) {
      const times = [1, 2, 8, 9, 64, 65, 128, 129, 500].map((rows) => product(32, rows, { least, tile: 128 }));
      for (let i = 1; i < times.length; i++) expect(times[i]).toBeGreaterThanOrEqual((times[i - 1] ?? 0) * (1 - 1e-9));
    }
  });

  test('costs one row what it costs the smallest tile, and more where empty rows are dear', () => {
    const [one, full] = [1, 128].map((rows) => product(32, rows, { least: 128, tile: 128 }));
    expect((one ?? 0) / (full ?? 1)).toBeCloseTo(1, 2);
    const [dear, filled] = [1, 128].map((rows) => product(32, rows, { least: 128, tile: 128, empty: 0.5 }));
    expect((dear ?? 0) / (filled ?? 1)).toBeGreaterThan(1.4);
  });

  test('has tiles for all rows that its kernel sees, if it cannot tell its own', () => {
    const tiles = { least: 16, tile: 128 };
    expect(product(32, 16, { ...tiles, seen: 1 }, 4)).toBeCloseTo(product(32, 64, tiles), 7);
    expect(product(32, 16, { ...tiles, seen: 0 }, 4)).toBe(product(32, 16, tiles));
  });

  test('of few columns costs a whole tile of them', () => {
    const wide = (n: number): number =>
      groupedProduct([32, 64], n, 4096, { weightBytes: 2, inputBytes: 2, expanded: 2048, local: 32 }, { ...die, bandwidth: 4e15 }, constants({ wave: 0 }), 0);
    expect(wide(96) / wide(128)).toBeGreaterThan(0.99);
  });
});
