import { existsSync } from 'node:fs';
import { mergedCells, ratesFor } from '../../cli/calibrate/refit.ts';
import { loadChip } from '../../cli/machines.ts';
import { sift } from '../../src/cost/calibration/exclude.ts';
import { measuredFolders, tablesOf } from '../calibration-sources.ts';
import { measured, median, rowsOf, tableAt, type Judged } from './tables.ts';

/** Kernels of one library that tables of several stacks, each with a release of its own, hold of a chip. */
interface SameKernel {
  readonly table: string;
  readonly class: string;
  readonly kernel: RegExp;
  /** Column and value of a format. */
  readonly only?: readonly [column: string, value: string];
  readonly stacks?: RegExp;
  readonly shape: readonly string[];
  readonly group: readonly string[];
}

const attentionShape = ['batch_size', 'isl', 'num_heads', 'num_key_value_heads', 'head_dim', 'attn_dtype', 'kv_cache_dtype', 'step', 'window_size'];
const attentionGroup = ['num_heads', 'num_key_value_heads', 'head_dim', 'kv_cache_dtype', 'window_size'];
const expertGroup = ['hidden_size', 'inter_size', 'topk', 'num_experts', 'moe_tp_size', 'moe_ep_size'];
const experts = { table: 'moe', class: 'expert-mlp', kernel: /triton/i, shape: [...expertGroup, 'num_tokens', 'distribution'], group: expertGroup } as const;
/**
 * Products without scales are cuBLAS in all. Left out: products with scales that a table of one stack times with the cast of their operands, and
 * kernels of one name that serve other sizes in another stack (grouped products of CUTLASS, gated delta rules).
 */
const sameKernels: readonly SameKernel[] = [
  { table: 'gemm', class: 'gemm', kernel: /./, only: ['gemm_dtype', 'bfloat16'], shape: ['m', 'n', 'k'], group: ['n', 'k'] },
  {
    table: 'gemm',
    class: 'gemm',
    kernel: /deepgemm/i,
    only: ['gemm_dtype', 'fp8_block'],
    stacks: /^(sglang|trtllm)/,
    shape: ['m', 'n', 'k'],
    group: ['n', 'k'],
  },
  {
    table: 'mla_bmm',
    class: 'head-gemm',
    kernel: /./,
    only: ['bmm_dtype', 'bfloat16'],
    shape: ['op_name', 'num_tokens', 'num_heads'],
    group: ['op_name', 'num_heads'],
  },
  { table: 'generation_attention', class: 'attention-decode', kernel: /fa3/, shape: attentionShape, group: attentionGroup },
  { table: 'generation_attention', class: 'attention-decode', kernel: /trtllm/, shape: attentionShape, group: attentionGroup },
  { table: 'context_attention', class: 'attention-prefill', kernel: /fa3/, shape: attentionShape, group: attentionGroup },
  { table: 'context_attention', class: 'attention-prefill', kernel: /trtllm/, shape: attentionShape, group: attentionGroup },
  { ...experts, only: ['moe_dtype', 'bfloat16'] },
  { ...experts, only: ['moe_dtype', 'fp8_block'] },
];

function pairs<T>(all: readonly T[], of: (one: T, other: T) => void): void {
  all.forEach((one, i) => all.slice(i + 1).forEach((other) => of(one, other)));
}

type Launches = ReadonlyMap<string, readonly [group: string, time: number]>;

/** Pairs of tables of two releases: ln of the ratio of the times of equal launches, of those with at least `fewest` of at least `shortest` [s]. */
export async function releasePairs(shortest: number, fewest: number): Promise<readonly Judged[]> {
  const releases: Judged[] = [];
  const compare = (name: string, one: Launches, other: Launches): void => {
    const groups = new Map<string, number[]>();
    for (const [shape, [group, time]] of one) {
      const [, second] = other.get(shape) ?? [];
      if (second !== undefined && Math.min(time, second) >= shortest) groups.set(group, [...(groups.get(group) ?? []), Math.log(second / time)]);
    }
    if ([...groups.values()].flat().length >= fewest) releases.push({ name, groups: [...groups.values()].map(median) });
  };
  const byChip = Map.groupBy(
    measuredFolders(measured).filter(({ folder }) => folder.startsWith('aiconfigurator/')),
    ({ chip }) => chip,
  );
  for (const [chip, folders] of byChip)
    for (const { table, class: operatorClass, kernel, only, stacks = /./, shape, group } of sameKernels) {
      const tables = folders.flatMap(({ folder }) => {
        const stack = folder.split('/')[2] ?? '';
        const file = `${folder}/${table}.csv.gz`;
        if (!stacks.test(stack) || !existsSync(measured + file)) return [];
        const key = (columns: readonly string[], row: Readonly<Record<string, string>>): string => columns.map((column) => row[column] ?? '').join(' ');
        const rows = rowsOf(file).filter((row) => kernel.test(row['kernel_source'] ?? stack) && (only === undefined || row[only[0]] === only[1]));
        return [{ stack, rows: new Map(rows.map((row) => [key(shape, row), [key(group, row), Number(row['latency']) * 1e-3] as const])) }];
      });
      pairs(tables, (one, other) => compare(`${chip}/${one.stack} and ${other.stack}/${operatorClass}`, one.rows, other.rows));
    }
  // Tables of one stack that were made years apart.
  for (const folders of Map.groupBy(measuredFolders(measured), ({ chip, stack }) => `${chip} ${stack}`).values()) {
    if (folders.length < 2) continue;
    const known: { readonly folder: string; readonly rows: Map<string, Map<string, readonly [string, number]>> }[] = [];
    for (const source of folders) {
      const tables = (await Promise.all(tablesOf(measured, source).map((file) => tableAt(measured + file)))).filter((table) => table !== undefined);
      const rows = mergedCells(tables).map(({ family, format, rows: own }) => {
        const { kept } = sift(family, own, ratesFor(loadChip(source.chip), format));
        const counted = kept.filter(({ shape }) => family.gated?.(shape) ?? true);
        return [`${family.class}/${format}`, new Map(counted.map(({ shape, time }) => [JSON.stringify(shape), [family.group(shape), time] as const]))] as const;
      });
      known.push({ folder: source.folder, rows: new Map(rows) });
    }
    pairs(known, (one, other) => {
      for (const [cell, rows] of one.rows) compare(`${one.folder} and ${other.folder}/${cell}`, rows, other.rows.get(cell) ?? new Map<string, never>());
    });
  }
  return releases;
}
