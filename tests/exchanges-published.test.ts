/** Dispatch and combine beside published micro-benchmarks. */
import process from 'node:process';
import { afterAll, describe, expect, test } from 'vitest';
import { loadMachine } from '../cli/machines.ts';
import { loadStack } from '../cli/stacks.ts';
import type { NumberFormat } from '../src/catalogue/format.ts';
import type { ExchangeKernel, ExchangeOperation } from '../src/catalogue/library.ts';
import { exchangeModel } from '../src/network/exchange.ts';
import { median } from './median.ts';

const lines: string[] = [];
afterAll(() => void process.stdout.write(`\npublished dispatch and combine\n${lines.join('\n')}\n`));

interface Row {
  readonly operation: ExchangeOperation;
  readonly ranks: number;
  readonly tokens: number;
  readonly format: NumberFormat;
  /** [us] */
  readonly time: number;
}

function score(name: string, machineName: string, stackName: string, rows: readonly Row[], kernel: ExchangeKernel = 'low-latency'): readonly number[] {
  const machine = loadMachine(machineName);
  const stack = loadStack(stackName);
  const errors = rows.map(({ operation, ranks, tokens, format, time }) => {
    const load = { tokens, fanout: 8, hidden: 7168, format, localExperts: 256 / ranks };
    return (exchangeModel(machine, stack, kernel, ranks).time(operation, load) * 1e6) / time - 1;
  });
  const sizes = errors.map(Math.abs);
  const worst = rows[sizes.indexOf(Math.max(...sizes))];
  lines.push(
    `  ${name.padEnd(46)}${`${rows.length} rows`.padStart(9)}  median ${(100 * median(sizes)).toFixed(1)} %  worst ${(100 * Math.max(...sizes)).toFixed(1)} % (${worst?.operation} EP${worst?.ranks}, ${worst?.tokens} tokens)`,
  );
  return sizes;
}

const pair = (ranks: number, tokens: number, dispatch: number, combine: number, format: NumberFormat): readonly Row[] => [
  { operation: 'dispatch', ranks, tokens, format, time: dispatch },
  { operation: 'combine', ranks, tokens, format, time: combine },
];

describe('dispatch and combine', () => {
  test('CANN EP at EP8, EP32, EP128: median 5 %, worst 12 %', () => {
    const rows = [...pair(8, 128, 116, 118, 'int8'), ...pair(32, 128, 133, 146, 'int8'), ...pair(128, 128, 152, 150, 'int8')];
    const sizes = score('CANN EP, CloudMatrix384', 'cloudmatrix384', 'cann-cloudmatrix-infer', rows);
    expect(median(sizes)).toBeLessThan(0.05);
    expect(Math.max(...sizes)).toBeLessThan(0.12);
  });

  test('XCCL at EP128: from about 20 us at 4 tokens to 120-140 at 128; combine is the slower from some batch on, here at all', () => {
    const model = exchangeModel(loadMachine('cloudmatrix384'), loadStack('cann-cloudmatrix-infer'), 'low-latency', 128);
    const at = (operation: ExchangeOperation, tokens: number): number =>
      1e6 * model.time(operation, { tokens, fanout: 8, hidden: 7168, format: 'int8', localExperts: 2 });
    lines.push(
      `  XCCL at EP128, 4 and 128 tokens (published 20, 120-140): ${[at('dispatch', 4), at('dispatch', 128), at('combine', 128)].map((time) => time.toFixed(0)).join(', ')} us`,
    );
    expect(Math.abs(at('dispatch', 4) / 20 - 1)).toBeLessThan(0.1);
    expect(Math.abs(at('dispatch', 128) / 130 - 1)).toBeLessThan(0.2);
  });

  test('DeepEP low-latency kernels: median 7 %, worst 20 %', () => {
    const tokens = [32, 64, 128, 256, 1024];
    const table = (ranks: number, values: readonly (readonly [number, number])[]): readonly Row[] =>
      values.flatMap(([dispatch, combine], i) => pair(ranks, tokens[i] ?? 0, dispatch, combine, 'fp8'));
    const sizes = [
      ...score(
        'DeepEP low latency, H200',
        'hgx-h200',
        'sglang',
        table(8, [
          [20.5, 24.6],
          [27.8, 40.9],
          [39.8, 72.4],
          [67.0, 136],
          [237, 527],
        ]),
      ),
      ...score(
        'DeepEP low latency, H200 over RDMA',
        'hgx-h200*4',
        'sglang',
        table(32, [
          [55, 86],
          [83, 152],
          [143, 263],
          [264, 500],
        ]),
      ),
      ...score(
        'DeepEP low latency, H100',
        'hgx-h100',
        'sglang',
        table(8, [
          [18.0, 26.3],
          [24.6, 39.7],
          [36.7, 67.0],
          [62.6, 130],
          [224, 489],
        ]),
      ),
      ...score(
        'DeepEP low latency, B200',
        'hgx-b200',
        'sglang',
        table(8, [
          [24.4, 26.3],
          [26.6, 31.5],
          [33.0, 40.9],
          [44.5, 62.9],
          [130, 189],
        ]),
      ),
      ...score(
        'DeepEP low latency, GB200',
        'gb200-nvl72',
        'sglang',
        table(4, [
          [19.2, 19.4],
          [21.6, 26.0],
          [26.9, 36.2],
          [37.5, 54.8],
          [113, 168],
        ]),
      ),
      ...score(
        'DeepEP low latency, GB300 (held out)',
        'gb300-nvl72',
        'sglang',
        table(4, [
          [19.2, 19.3],
          [21.7, 26.4],
          [26.3, 36.6],
          [37.1, 54.4],
          [113, 167],
        ]),
      ),
      ...score('DeepEP low latency, H800 over RDMA', 'hgx-h800*16', 'sglang', [...pair(32, 128, 155, 273, 'fp8'), ...pair(128, 128, 192, 369, 'fp8')]),
    ];
    lines.push(
      `  ${'DeepEP low latency, all'.padEnd(46)}${`${sizes.length} rows`.padStart(9)}  median ${(100 * median(sizes)).toFixed(1)} %  worst ${(100 * Math.max(...sizes)).toFixed(1)} %`,
    );
    expect(median(sizes)).toBeLessThan(0.07);
    expect(Math.max(...sizes)).toBeLessThan(0.2);
  });

  test('DeepEP normal kernels on H800: 153 and 158 GB/s at EP8 (held out), 58 and 57 at EP32', () => {
    const time = (ranks: number, places: number, dispatch: number, combine: number): readonly Row[] => {
      const copies = places * (1 - (1 - 1 / places) ** 8);
      return pair(ranks, 4096, (4096 * copies * 7392) / dispatch / 1e3, (4096 * copies * 14336) / combine / 1e3, 'fp8');
    };
    const sizes = [
      ...score('DeepEP normal, H800, EP8 (held out)', 'hgx-h800', 'sglang', time(8, 8, 153, 158), 'throughput'),
      ...score('DeepEP normal, H800, EP32', 'hgx-h800*4', 'sglang', time(32, 4, 58, 57), 'throughput'),
    ];
    expect(Math.max(...sizes)).toBeLessThan(0.1);
  });

  test('one-sided kernels in NVL72: median 7 %, worst 20 %; narrow formats held out', () => {
    const table: readonly (readonly [number, number, number, number, number])[] = [
      [1, 18.9, 31.0, 19.8, 31.4],
      [32, 18.2, 32.7, 21.1, 34.6],
      [64, 22.3, 34.1, 26.2, 36.4],
      [128, 31.7, 38.1, 37.8, 41.1],
      [256, 50.8, 53.0, 61.5, 59.7],
      [512, 89.5, 91.7, 109.6, 102.5],
      [1024, 166, 176, 198, 198],
      [2048, 312, 323, 374, 370],
    ];
    const rows = table.flatMap(([tokens, d8, c8, d32, c32]) => [...pair(8, tokens, d8, c8, 'bf16'), ...pair(32, tokens, d32, c32, 'bf16')]);
    const sizes = score('one-sided, GB200', 'gb200-nvl72', 'tensorrt-llm', rows);
    expect(median(sizes)).toBeLessThan(0.07);
    expect(Math.max(...sizes)).toBeLessThan(0.2);
    const narrow = score('one-sided, GB200, FP8 and FP4 (held out)', 'gb200-nvl72', 'tensorrt-llm', [
      { operation: 'dispatch', ranks: 8, tokens: 2048, format: 'fp8', time: 172.2 },
      { operation: 'dispatch', ranks: 8, tokens: 2048, format: 'fp4', time: 101.7 },
    ]);
    expect(Math.max(...narrow)).toBeLessThan(0.1);
  });
});
