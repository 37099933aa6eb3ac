import { describe, expect, test } from 'vitest';
import type { DieRates } from '../family.ts';
import { chosenBlocks, isLoneWave, narrowBlocks, wideBlocks } from './blocks.ts';
import { groupedGemm, type GroupedGemmShape } from './grouped-gemm.ts';

const cores = 132;

describe('blocks that a library chooses', () => {
  test('need as few waves as any, and of those with as few none fills the last better', () => {
    for (const m of [1, 17, 64, 65, 200, 512, 983, 4097])
      for (const n of [256, 4096, 7168])
        for (const groups of [1, 2, 64]) {
          const chosen = chosenBlocks(m, n, groups, cores, narrowBlocks);
          const count = (rows: number, columns: number): number => Math.ceil(m / rows) * Math.ceil(n / columns) * groups;
          const counts = narrowBlocks.heights.flatMap((rows) =>
            narrowBlocks.widths.filter((columns) => rows <= 128 || columns <= 128).map((columns) => count(rows, columns)),
          );
          const fewest = Math.min(...counts.map((blocks) => Math.ceil(blocks / cores)));
          expect(count(chosen.rows, chosen.columns)).toBe(Math.max(...counts.filter((blocks) => Math.ceil(blocks / cores) === fewest)));
        }
  });

  // InferSim f2293da on H800: 2 experts of 512 rows take 90.9 us, 4 of 128 rows 63.2: tall blocks in one wave, of which a second begins.
  test('are tall where that saves a wave', () => {
    expect(chosenBlocks(512, 4096, 2, cores, narrowBlocks)).toEqual({ rows: 256, columns: 128 });
    expect(chosenBlocks(256, 4096, 1, cores, narrowBlocks)).toEqual({ rows: 64, columns: 128 });
  });

  // aiconfigurator 095f58a, H100 under SGLang: the first take 20 ns for each element of k, the second 7 to 9.
  test('make a lone wave where only the widest fit into one', () => {
    for (const [m, n] of [
      [256, 12_288],
      [512, 8192],
      [1024, 4096],
      [1792, 1536],
      [4096, 768],
    ] as const)
      expect(isLoneWave(m, n, cores)).toBe(true);
    for (const [m, n] of [
      [192, 12_288],
      [512, 7168],
      [256, 8192],
      [1280, 2560],
      [4096, 8192],
    ] as const)
      expect(isLoneWave(m, n, cores)).toBe(false);
    expect(wideBlocks.widths.at(-1)).toBe(256);
  });
});

describe('a grouped product', () => {
  const die = { format: 'fp8', peak: 1979e12, ceiling: 1730e12, vector: 1e14, cores, bandwidth: 3.35e12, cache: 50e6 } as unknown as DieRates;
  const start = Float64Array.from(groupedGemm.parameters, ({ start: value }) => value);
  const time = (shape: Partial<GroupedGemmShape>): number =>
    groupedGemm.time({ loads: [2, 512], n: 4096, k: 7168, experts: 2, weightBytes: 1, inputBytes: 1, ...shape }, die, start);

  test('with a mask takes longer when one expert gets more than the host expected', () => {
    expect(time({ loads: [1, 424, 1, 600], expected: 512 })).toBeGreaterThan(1.3 * time({ loads: [2, 512], expected: 512 }));
  });

  test('in one buffer takes the time of whole blocks of each expert', () => {
    expect(time({ loads: [64, 1], experts: 64 })).toBeGreaterThan(0.9 * time({ loads: [64, 128], experts: 64 }));
    expect(time({ loads: [64, 129], experts: 64 })).toBeGreaterThan(1.2 * time({ loads: [64, 128], experts: 64 }));
  });
});
