/** Collectives beside published micro-benchmarks: NCCL and custom all-reduces in a node (aiconfigurator 095f58a), NVL72 (vLLM blog, 3 Feb 2026). */
import process from 'node:process';
import { afterAll, describe, expect, test } from 'vitest';
import { loadMachine } from '../cli/machines.ts';
import { loadStack } from '../cli/stacks.ts';
import type { CollectiveOperation } from '../src/catalogue/library.ts';
import { collectiveModel } from '../src/network/collective.ts';
import { median } from './median.ts';

const lines: string[] = [];
afterAll(() => void process.stdout.write(`\npublished collectives [us]\n${lines.join('\n')}\n`));

const KiB = 1024;
const MiB = KiB * KiB;

interface Row {
  readonly machine: string;
  readonly operation: CollectiveOperation;
  readonly ranks: number;
  readonly bytes: number;
  /** [us] */
  readonly time: number;
}

function score(name: string, stackName: string, libraries: readonly string[], rows: readonly Row[]): readonly number[] {
  const stack = loadStack(stackName);
  const own = { ...stack, collectives: stack.collectives.filter(({ library }) => libraries.includes(library)) };
  const errors = rows.map(({ machine, operation, ranks, bytes, time }) => {
    const here = collectiveModel(loadMachine(machine), own, ranks).price(operation, bytes).time * 1e6;
    return Math.abs(here / time - 1);
  });
  const worst = rows[errors.indexOf(Math.max(...errors))];
  const at = worst === undefined ? '' : `${worst.machine} ${worst.operation} of ${worst.bytes} B over ${worst.ranks}`;
  lines.push(
    `  ${name.padEnd(52)}${`${rows.length} rows`.padStart(9)}  median ${(100 * median(errors)).toFixed(1)} %  worst ${(100 * Math.max(...errors)).toFixed(1)} % (${at})`,
  );
  return errors;
}

/** Bus bandwidth [GB/s] as a time. */
const busTime = (bytes: number, ranks: number, rate: number): number => (bytes * (ranks - 1)) / ranks / rate / 1e3;

const ncclTable: readonly (readonly [
  machine: string,
  ranks: number,
  small: number,
  two: number,
  medium: number,
  large: number,
  ag: number,
  rs: number,
  a2a: number,
])[] = [
  ['hgx-h100', 8, 15.6, 38.2, 199.8, 1092, 322, 325, 307],
  ['hgx-h200', 8, 16.0, 37.5, 197.3, 1053, 324, 328, 305],
  ['hgx-b200', 8, 25.1, 32.1, 167.8, 715, 598, 593, 537],
  ['hgx-b300', 8, 24.6, 32.2, 166.9, 715, 601, 600, 555],
  ['gb200-nvl72', 4, 15.6, 27.5, 122.8, 663, 544, 525, 470],
  ['gb300-nvl72', 4, 15.1, 23.5, 121.5, 657, 552, 532, 494],
];

describe('collectives in a node', () => {
  test('NCCL: median 7 %, worst 20 %', () => {
    const rows = ncclTable.flatMap(([machine, ranks, small, two, medium, large, ag, rs, a2a]): readonly Row[] => {
      const row = (operation: CollectiveOperation, bytes: number, time: number): Row => ({ machine, operation, ranks, bytes, time });
      return [
        row('all-reduce', KiB, small),
        row('all-reduce', 2 * MiB, two),
        row('all-reduce', 32 * MiB, medium),
        row('all-reduce', 256 * MiB, large),
        row('all-gather', 256 * MiB, busTime(256 * MiB, ranks, ag)),
        row('reduce-scatter', 256 * MiB, busTime(256 * MiB, ranks, rs)),
        row('all-to-all', 256 * MiB, busTime(256 * MiB, ranks, a2a)),
      ];
    });
    const errors = score('NCCL', 'vllm', ['nccl'], rows);
    expect(median(errors)).toBeLessThan(0.07);
    expect(Math.max(...errors)).toBeLessThan(0.2);
  });

  test('all-reduce of TensorRT-LLM: median 7 %, worst 20 %', () => {
    const table: readonly (readonly [string, number, number, number, number, number])[] = [
      ['hgx-h100', 8, 3.6, 6.2, 26, 122],
      ['hgx-h200', 8, 3.5, 6.4, 25.7, 121],
      ['hgx-b200', 8, 5.9, 6.3, 17.8, 85],
      ['gb200-nvl72', 4, 4.9, 5.1, 9.5, 75],
      ['gb300-nvl72', 4, 4.9, 5.0, 9.4, 74],
    ];
    const rows = table.flatMap(([machine, ranks, ...times]) =>
      [16 * KiB, 128 * KiB, MiB, 16 * MiB].map((bytes, i): Row => ({ machine, operation: 'all-reduce', ranks, bytes, time: times[i] ?? 0 })),
    );
    const errors = score('all-reduce of TensorRT-LLM', 'tensorrt-llm', ['tensorrt-llm-all-reduce'], rows);
    expect(median(errors)).toBeLessThan(0.07);
    expect(Math.max(...errors)).toBeLessThan(0.2);
  });
});

describe('held out', () => {
  test('all-gather inside NVL72 over 2 and 4 GPUs, by megabytes of one GPU', () => {
    const two = [39, 56, 96, 171, 318, 604, 1157, 2218, 4334].map((time, i): Row => ({
      machine: 'gb200-nvl72',
      operation: 'all-gather',
      ranks: 2,
      bytes: 2 * 8e6 * 2 ** i,
      time,
    }));
    const four = [61, 74, 111, 200, 379, 719, 1384, 2672, 5231].map((time, i): Row => ({
      machine: 'gb200-nvl72',
      operation: 'all-gather',
      ranks: 4,
      bytes: 4 * 4e6 * 2 ** i,
      time,
    }));
    const errors = score('NCCL all-gather, GB200, of another source', 'vllm', ['nccl'], [...two, ...four]);
    expect(median(errors)).toBeLessThan(0.07);
    expect(Math.max(...errors)).toBeLessThan(0.3);
  });

  test('bus bandwidth of large all-reduces: 460-480 GB/s on 8 x H100, 230-250 on 8 x A100, 811 over two trays of GB200', () => {
    const stack = loadStack('vllm');
    const bus = (machine: string): number => {
      const bytes = 8e9;
      return (1.75 * bytes) / collectiveModel(loadMachine(machine), stack, 8).price('all-reduce', bytes).time / 1e9;
    };
    const found = [bus('hgx-h100'), bus('hgx-a100'), bus('gb200-nvl72')];
    lines.push(`  bus bandwidth of an all-reduce of 8 GB, GB/s (published 460-480, 230-250, 811): ${found.map((value) => value.toFixed(0)).join(', ')}`);
    expect(Math.abs((found[0] ?? 0) / 470 - 1)).toBeLessThan(0.1);
    expect(Math.abs((found[1] ?? 0) / 240 - 1)).toBeLessThan(0.1);
    expect(Math.abs((found[2] ?? 0) / 811 - 1)).toBeLessThan(0.25);
  });
});
