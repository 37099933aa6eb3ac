import type { Exchange } from '../../src/catalogue/library.ts';
import type { ExchangeGroup } from '../../src/network/exchange-load.ts';
import * as rows from './exchange-rows.ts';
import { errorOf, fitExchange, type ExchangeSetting, type FittedCosts, type Term } from './fit-exchanges.ts';
import type { ExchangeRow } from './exchange-rows.ts';
import { spreadText } from './solve.ts';
import { costsText } from './write.ts';

/** Rows of one measurement. */
interface Source {
  readonly name: string;
  readonly group: Omit<ExchangeGroup, 'ranks'>;
  readonly rows: readonly ExchangeRow[];
}

/** A kernel to fit. */
interface Task {
  readonly name: string;
  readonly generations: readonly string[];
  readonly kernel: Exchange['kernel'];
  readonly plane: Exchange['plane'];
  readonly copies: Exchange['copies'];
  readonly scaleBytes: number;
  readonly port: number;
  readonly source: string;
  readonly terms: readonly Term[];
  readonly fixed?: Partial<FittedCosts>;
  readonly floors?: readonly number[];
  /** No call is quicker. [s] */
  readonly leastStart?: number;
  readonly fitted: readonly Source[];
  readonly heldOut: readonly Source[];
  /** Fits that leave one of the fitted sources out tell how far off it would be. */
  readonly leave?: (row: ExchangeRow) => boolean;
}

function entry(task: Task, say: (line: string) => void): string {
  const setting = (source: Source): ExchangeSetting => ({
    kernel: { copies: task.copies, plane: task.plane, scaleBytes: task.scaleBytes, hidden: 7168, combineFormat: 'bf16' },
    group: source.group,
  });
  const placed = (sources: readonly Source[]) => sources.flatMap((source) => source.rows.map((row) => ({ setting: setting(source), row })));
  const fitted = placed(task.fitted);
  const lines = (['dispatch', 'combine'] as const).map((operation) => {
    const options = {
      ...(task.fixed === undefined ? {} : { fixed: task.fixed }),
      ...(task.floors === undefined ? {} : { floors: task.floors }),
      leastStart: task.leastStart ?? 0,
    };
    const costs = fitExchange(operation, fitted, task.terms, options);
    const errors = (some: typeof fitted, by: FittedCosts): string =>
      spreadText(some.filter(({ row }) => row.operation === operation).map((one) => errorOf(by, one.setting, one.row)));
    const held = task.heldOut
      .filter((source) => source.rows.some((row) => row.operation === operation))
      .map((source) => `${source.name}: ${errors(placed([source]), costs)}`);
    const { leave } = task;
    if (leave !== undefined) {
      const without = fitExchange(
        operation,
        fitted.filter(({ row }) => !leave(row)),
        task.terms,
        options,
      );
      held.push(
        `left out of another fit: ${errors(
          fitted.filter(({ row }) => leave(row)),
          without,
        )}`,
      );
    }
    const error = `${operation} ${errors(fitted, costs)}${held.length === 0 ? '' : `, held out ${held.join('; ')}`}`;
    say(`${task.name}, ${task.generations.join(' and ')}: ${error}`);
    return { operation, costs, error };
  });
  const all = fitted.map(({ row }) => row);
  return [
    `  - name: ${task.name}`,
    `    generations: [${task.generations.join(', ')}]`,
    `    kernel: ${task.kernel}`,
    `    plane: ${task.plane}`,
    `    copies: ${task.copies}`,
    `    scale-bytes: ${task.scaleBytes}`,
    '    hidden: 7168',
    '    combine-format: bf16',
    ...(task.copies === 'ranks' ? [`    cores: ${cores}`] : []),
    `    measured: { ranks: [${Math.min(...all.map(({ ranks }) => ranks))}, ${Math.max(...all.map(({ ranks }) => ranks))}], tokens: [${Math.min(...all.map(({ tokens }) => tokens))}, ${Math.max(...all.map(({ tokens }) => tokens))}], experts: 256, port: ${task.port / 1e9} GB/s }`,
    '    kind: measured',
    `    source: "${task.source}"`,
    `    error: "${lines.map(({ error }) => error).join('; ')}"`,
    ...lines.map(({ operation, costs }) => `    ${operation}: ${costsText(costs)}`),
  ].join('\n');
}

const hopper = { perNode: 8, nearPort: 450e9, farPort: 450e9, cores: 132 };
const h800 = { perNode: 8, nearPort: 200e9, farPort: 50e9, cores: 132 };
const h200Rdma = { perNode: 8, nearPort: 450e9, farPort: 50e9, cores: 132 };
const blackwell = { perNode: 72, nearPort: 900e9, farPort: 900e9 };
const supernode = { perNode: 16, nearPort: 196e9, farPort: 196e9, cores: 48 };
const cores = '24';
const using24 = { cores: Number(cores) };
const published = (row: ExchangeRow): boolean => row.hidden === 7168 && row.experts === 256;
const floors = Array.from({ length: 80 }, (_, i) => 10e-6 + i * 0.5e-6);

/** A dispatch and a combine of 4,096 tokens to 8 of 256 experts in the times that DeepEP's bandwidths stand for: it counts the bytes that stay at home. */
function byRate(ranks: number, places: number, dispatch: number, combine: number, tokens = 4096): readonly ExchangeRow[] {
  const copies = places * (1 - (1 - 1 / places) ** 8);
  const common = { ranks, tokens, fanout: 8, hidden: 7168, experts: 256, format: 'fp8' } as const;
  return [
    { ...common, operation: 'dispatch', time: (tokens * copies * (7168 + 224)) / dispatch / 1e9 },
    { ...common, operation: 'combine', time: (tokens * copies * 2 * 7168) / combine / 1e9 },
  ];
}

/** Every copy of a token, at StrataCL's bandwidths. */
function byCopies(dispatch: number, combine: number): readonly ExchangeRow[] {
  const common = { ranks: 32, tokens: 4096, fanout: 8, hidden: 7168, experts: 256, format: 'int8' } as const;
  return [
    { ...common, operation: 'dispatch', time: (4096 * 8 * (7168 + 512)) / dispatch / 1e9 },
    { ...common, operation: 'combine', time: (4096 * 8 * 2 * 7168) / combine / 1e9 },
  ];
}

const aiconfigurator = 'wideep_deepep tables of SGLang 0.5.12; aiconfigurator 095f58a';

export function deepepEntries(say: (line: string) => void): readonly string[] {
  const both = (kernel: 'll' | 'normal', own: { readonly cores: number } | undefined): readonly Source[] => [
    { name: 'H100', group: { ...hopper, ...own }, rows: rows.deepepRows('h100_sxm', 8, kernel, cores) },
    { name: 'H200', group: { ...hopper, ...own }, rows: rows.deepepRows('h200_sxm', 8, kernel, cores) },
  ];
  const newer = (kernel: 'll' | 'normal', own: { readonly cores: number } | undefined): readonly Source[] => [
    { name: 'B200', group: { ...blackwell, cores: 148, ...own }, rows: rows.deepepRows('b200_sxm', 8, kernel, cores) },
    { name: 'GB200', group: { ...blackwell, cores: 152, ...own }, rows: rows.deepepRows('gb200', 4, kernel, cores) },
  ];
  const kernels = { scaleBytes: 224 } as const;
  const small = { ...kernels, kernel: 'low-latency', copies: 'experts' } as const;
  const large = { ...kernels, kernel: 'throughput', copies: 'ranks' } as const;
  const local: readonly Term[] = ['start', 'fill', 'expert', 'token', 'element', 'near'];
  return [
    entry(
      {
        ...small,
        name: 'low-latency kernels over NVLink',
        generations: ['hopper'],
        plane: 'scale-up',
        port: 450e9,
        source: `H100 and H200, EP8, 16 shapes; ${aiconfigurator}`,
        terms: local,
        fitted: both('ll', undefined),
        heldOut: [],
        leave: published,
      },
      say,
    ),
    entry(
      {
        ...small,
        name: 'low-latency kernels over NVLink',
        generations: ['blackwell', 'blackwell-ultra'],
        plane: 'scale-up',
        port: 900e9,
        source: `B200 at EP8 and GB200 at EP4, 16 shapes; ${aiconfigurator}`,
        terms: ['rank', ...local],
        fitted: newer('ll', undefined),
        heldOut: [],
        leave: published,
      },
      say,
    ),
    entry(
      {
        ...small,
        name: 'low-latency kernels over NVLink and RDMA',
        generations: ['hopper'],
        plane: 'scale-out',
        port: 50e9,
        source: 'H200, EP32, 32 to 256 tokens, SGLang 0.5.6; aiconfigurator 095f58a; H800, EP128, DeepEP dd758ca, legacy table',
        terms: ['start', 'rank', 'far'],
        fixed: { near: 0.6 },
        fitted: [
          { name: 'H200', group: h200Rdma, rows: rows.deepepRdma },
          { name: 'H800', group: h800, rows: rows.deepepRdmaH800.filter(({ ranks }) => ranks === 128) },
        ],
        heldOut: [{ name: 'H800 at EP32', group: h800, rows: rows.deepepRdmaH800.filter(({ ranks }) => ranks === 32) }],
      },
      say,
    ),
    entry(
      {
        ...large,
        name: 'normal kernels over NVLink',
        generations: ['hopper'],
        plane: 'scale-up',
        port: 450e9,
        source: `H100 and H200, EP8, 24 SMs, 18 shapes; ${aiconfigurator}`,
        terms: local,
        fitted: both('normal', using24),
        heldOut: [
          { name: 'H800 at EP8 (DeepEP, legacy table)', group: { ...hopper, nearPort: 200e9, farPort: 200e9, ...using24 }, rows: byRate(8, 8, 153, 158) },
        ],
        leave: published,
      },
      say,
    ),
    entry(
      {
        ...large,
        name: 'normal kernels over NVLink and RDMA',
        generations: ['hopper'],
        plane: 'scale-out',
        port: 50e9,
        source: 'H800, EP32, 4,096 tokens, DeepEP dd758ca, legacy table: 58 and 57 GB/s; the start is that of one node',
        terms: ['far'],
        fixed: { start: 40e-6, near: 0.67 },
        fitted: [{ name: 'H800', group: { ...h800, ...using24 }, rows: byRate(32, 4, 58, 57) }],
        heldOut: [{ name: 'V2 on H800, 8,192 tokens', group: { ...h800, ...using24 }, rows: byRate(32, 4, 61, 61, 8192) }],
      },
      say,
    ),
    entry(
      {
        ...large,
        name: 'normal kernels over NVLink',
        generations: ['blackwell', 'blackwell-ultra'],
        plane: 'scale-up',
        port: 900e9,
        source: `B200 at EP8 and GB200 at EP4, 24 SMs, 18 shapes; ${aiconfigurator}`,
        terms: ['rank', ...local],
        fitted: newer('normal', using24),
        heldOut: [],
        leave: published,
      },
      say,
    ),
  ];
}

export function oneSidedEntries(say: (line: string) => void): readonly string[] {
  return (['low-latency', 'throughput'] as const).map((kernel) =>
    entry(
      {
        name: 'one-sided kernels over NVLink',
        generations: ['blackwell', 'blackwell-ultra'],
        kernel,
        plane: 'scale-up',
        copies: 'experts',
        scaleBytes: 224,
        port: 900e9,
        source: 'GB200, EP8 and EP32, 1 to 2,048 tokens, BF16; TensorRT-LLM tech blog 18',
        terms: ['start', 'rank', 'near'],
        floors,
        fitted: [{ name: 'GB200', group: { ...blackwell, cores: 152 }, rows: rows.oneSidedRows }],
        heldOut: [{ name: 'FP8 and FP4', group: { ...blackwell, cores: 152 }, rows: rows.oneSidedNarrow }],
        leave: ({ ranks }) => ranks === 32,
      },
      say,
    ),
  );
}

export function cannEntries(say: (line: string) => void): readonly string[] {
  const common = { generations: ['ascend-910'], plane: 'scale-up', copies: 'experts', scaleBytes: 512, port: 196e9 } as const;
  return [
    entry(
      {
        ...common,
        name: 'fused dispatch and combine',
        kernel: 'low-latency',
        source:
          'CloudMatrix384 paper, arXiv 2506.12708 v2, table 7: EP8, EP32, EP128 at 128 tokens; xDeepServe, arXiv 2508.02520: about 20 us at EP128 and 4 tokens',
        terms: ['start', 'rank', 'near', 'far'],
        // Rows and their flags there, and the counts before them: two latencies of the plane at least.
        leastStart: 4.2e-6,
        fitted: [
          { name: 'CANN EP', group: supernode, rows: rows.cannRows },
          { name: 'XCCL', group: supernode, rows: rows.xcclRows },
        ],
        heldOut: [],
        leave: ({ ranks }) => ranks === 32,
      },
      say,
    ),
    entry(
      {
        ...common,
        name: 'throughput dispatch and combine',
        kernel: 'throughput',
        source: 'StrataCL, arXiv 2607.26444: CANN-EP with zero copy at EP32 and 4,096 tokens, 98 and 85 GB/s; the start is that of the fused kernels',
        terms: ['near'],
        fixed: { start: 20e-6 },
        fitted: [{ name: 'CANN EP', group: { ...supernode, perNode: 384 }, rows: byCopies(98, 85) }],
        heldOut: [],
      },
      say,
    ),
  ];
}
