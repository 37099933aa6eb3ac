import type { ExchangeOperation } from '../../src/catalogue/library.ts';
import type { NumberFormat } from '../../src/catalogue/format.ts';
import { rowsOf } from './tables.ts';

/** One measured dispatch or combine. */
export interface ExchangeRow {
  readonly operation: ExchangeOperation;
  readonly ranks: number;
  readonly tokens: number;
  readonly fanout: number;
  readonly hidden: number;
  readonly format: NumberFormat;
  readonly experts: number;
  /** [s] */
  readonly time: number;
}

const shape = { fanout: 8, hidden: 7168, experts: 256 };

/** DeepEP kernels of one node of a system. Throughput rows: of so many SMs. */
export function deepepRows(system: string, ranks: number, kernel: 'll' | 'normal', cores = '24'): readonly ExchangeRow[] {
  return rowsOf(system, 'sglang-0.5.12', `wideep_deepep_${kernel}`)
    .filter((row) => row['node_num'] === '1' && (kernel === 'll' || row['dispatch_sms'] === cores))
    .flatMap((row): readonly ExchangeRow[] => {
      const common = {
        ranks,
        tokens: Number(row['num_token']),
        fanout: Number(row['num_topk']),
        hidden: Number(row['hidden_size']),
        experts: Number(row['num_experts']),
      };
      const times = kernel === 'll' ? [row['dispatch_avg_t_us'], row['combine_avg_t_us']] : [row['dispatch_transmit_us'], row['combine_transmit_us']];
      return [
        { ...common, operation: 'dispatch', format: 'fp8', time: Number(times[0]) / 1e6 },
        { ...common, operation: 'combine', format: 'fp8', time: Number(times[1]) / 1e6 },
      ];
    });
}

const pair = (ranks: number, tokens: number, dispatch: number, combine: number, format: NumberFormat): readonly ExchangeRow[] => [
  { ...shape, operation: 'dispatch', ranks, tokens, format, time: dispatch / 1e6 },
  { ...shape, operation: 'combine', ranks, tokens, format, time: combine / 1e6 },
];

/** DeepEP low-latency kernels over NVLink and RDMA: H200 with SGLang 0.5.6 (aiconfigurator, wideep_deepep_ll). [us] */
export const deepepRdma: readonly ExchangeRow[] = (
  [
    [32, 55, 86],
    [64, 83, 152],
    [128, 143, 263],
    [256, 264, 500],
  ] as const
).flatMap(([tokens, dispatch, combine]) => pair(32, tokens, dispatch, combine, 'fp8'));

/** The same on H800, DeepEP dd758ca, legacy table. */
export const deepepRdmaH800 = [...pair(32, 128, 155, 273, 'fp8'), ...pair(128, 128, 192, 369, 'fp8')];

/** One-sided kernels inside NVL72 (GB200; TensorRT-LLM tech blog 18), BF16 both ways. [us] */
const oneSided: readonly (readonly [tokens: number, d8: number, c8: number, d32: number, c32: number])[] = [
  [1, 18.9, 31.0, 19.8, 31.4],
  [32, 18.2, 32.7, 21.1, 34.6],
  [64, 22.3, 34.1, 26.2, 36.4],
  [128, 31.7, 38.1, 37.8, 41.1],
  [256, 50.8, 53.0, 61.5, 59.7],
  [512, 89.5, 91.7, 109.6, 102.5],
  [1024, 166, 176, 198, 198],
  [2048, 312, 323, 374, 370],
];
export const oneSidedRows: readonly ExchangeRow[] = oneSided.flatMap(([tokens, d8, c8, d32, c32]) => [
  ...pair(8, tokens, d8, c8, 'bf16'),
  ...pair(32, tokens, d32, c32, 'bf16'),
]);
/** The same, dispatched in narrow formats. */
export const oneSidedNarrow: readonly ExchangeRow[] = [
  { ...shape, operation: 'dispatch', ranks: 8, tokens: 2048, format: 'fp8', time: 172.2e-6 },
  { ...shape, operation: 'dispatch', ranks: 8, tokens: 2048, format: 'fp4', time: 101.7e-6 },
];

/** CANN EP on CloudMatrix384, 128 tokens a die (arXiv 2506.12708, table 7). [us] */
export const cannRows: readonly ExchangeRow[] = [...pair(8, 128, 116, 118, 'int8'), ...pair(32, 128, 133, 146, 'int8'), ...pair(128, 128, 152, 150, 'int8')];
/** XCCL at EP128 (arXiv 2508.02520, read off a figure): about 20 us at a batch of 4. [us] */
export const xcclRows = pair(128, 4, 20, 20, 'int8');
