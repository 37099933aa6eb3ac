import { describe, expect, test } from 'vitest';
import { loadChip } from '../cli/machines.ts';
import { loadStack } from '../cli/stacks.ts';
import type { ComputeOperator } from '../src/model/operator.ts';
import { priceBy } from '../src/cost/providers.ts';
import { wholeDie } from '../src/cost/roofline.ts';

type Row = readonly [groups: number, m: number, n: number, k: number, teraflops: number];

/** Published rates of products that no cell is fitted to. */
const published = [
  {
    title: 'CloudMatrix384 paper, arXiv 2506.12708 v2, table 10: INT8 on one die, shares of 752 TOPS',
    chip: 'ascend-910c',
    stack: 'cann-cloudmatrix-infer',
    format: 'int8',
    // Cells of another chip of the generation, whose kernel quantises too.
    worst: 0.05,
    rows: [
      [4, 7168, 4096, 4096, 0.794 * 752],
      [4, 2048, 7168, 4096, 0.774 * 752],
      [4, 7168, 4096, 8192, 0.827 * 752],
      [4, 2048, 7168, 8192, 0.811 * 752],
      [8, 7168, 4096, 4096, 0.796 * 752],
      [8, 2048, 7168, 4096, 0.779 * 752],
    ],
  },
  // FACTS 4.5: no table of this chip; cells of the generation before, at its own rates. Its times hold the
  // quantisation of the rows, which steps price apart.
  ...(
    [
      ['bf16', 0.25, 45.9, 1904, 1896],
      ['fp8-block', 0.2, 34.5, 2879, 3164],
      ['fp4', 0.2, 38.1, 3281, 4736],
    ] as const
  ).map(([format, worst, microseconds, at1024, at8192]) => ({
    title: `aiconfigurator 095f58a, GB300 under TensorRT-LLM: ${format}`,
    chip: 'gb300',
    stack: 'tensorrt-llm',
    format,
    worst,
    rows: [
      [1, 128, 7168, 16_384, (2 * 128 * 7168 * 16_384) / microseconds / 1e6],
      [1, 1024, 7168, 16_384, at1024],
      [1, 8192, 7168, 16_384, at8192],
    ] as const,
  })),
  {
    title: 'DeepGEMM README, April 2025: block-scaled FP8 on H800, 4,096 rows',
    chip: 'h800',
    stack: 'sglang',
    format: 'fp8-block',
    worst: 0.25,
    rows: [
      [1, 4096, 2112, 7168, 1127],
      [1, 4096, 24_576, 1536, 1212],
      [1, 4096, 32_768, 512, 775],
      [1, 4096, 7168, 16_384, 1520],
      [1, 4096, 4096, 7168, 1410],
      [1, 4096, 7168, 2048, 1168],
    ],
  },
  {
    title: 'DeepGEMM README, April 2025: block-scaled FP8 on H800, 64 and 128 rows, without the launch',
    chip: 'h800',
    stack: 'sglang',
    format: 'fp8-block',
    worst: 0.3,
    rows: [
      [1, 64, 2112, 7168, 206],
      [1, 64, 24_576, 1536, 289],
      [1, 64, 32_768, 512, 219],
      [1, 64, 7168, 16_384, 336],
      [1, 64, 4096, 7168, 287],
      [1, 64, 7168, 2048, 295],
      [1, 128, 2112, 7168, 352],
      [1, 128, 24_576, 1536, 535],
      [1, 128, 32_768, 512, 358],
      [1, 128, 7168, 16_384, 645],
      [1, 128, 4096, 7168, 533],
      [1, 128, 7168, 2048, 510],
    ],
  },
] as const satisfies readonly {
  readonly title: string;
  readonly chip: string;
  readonly stack: string;
  readonly format: string;
  readonly worst: number;
  readonly rows: readonly Row[];
}[];

describe('published products that no cell has seen', () => {
  test.for(published)('$title', ({ chip, stack: name, format, worst, rows, title }, { skip }) => {
    const stack = loadStack(name);
    const provider = priceBy(stack.cells ?? [], loadChip(chip), stack, 0)('gemm', format);
    if (provider === undefined) {
      skip(`no cell prices products in ${format} of ${chip}`);
      return;
    }
    const lines: string[] = [];
    const errors = rows.map(([groups, m, n, k, teraflops]) => {
      const operator = { shape: { m, n, k, groups } } as unknown as ComputeOperator;
      const { body = Number.NaN, factor = Number.NaN } = provider.price(operator, wholeDie) ?? {};
      const time = body + provider.floor * factor;
      const measured = (2 * groups * m * n * k) / (teraflops * 1e12);
      const error = time / measured - 1;
      lines.push(`  ${groups} x ${m} x ${n} x ${k}: ${(time * 1e6).toFixed(1)} us, published ${(measured * 1e6).toFixed(1)} us, ${(100 * error).toFixed(1)} %`);
      return Math.abs(error);
    });
    process.stdout.write(`${title} (${provider.doubt?.message ?? 'own cell'})\n${lines.join('\n')}\n`);
    expect(Math.max(...errors)).toBeLessThan(worst);
  });
});
