import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import type { CollectiveOperation } from '../../src/catalogue/library.ts';

const measured = new URL('../../../shared/measured/aiconfigurator/', import.meta.url).pathname;

export type Row = Readonly<Record<string, string>>;

/** One measured collective inside a node. */
export interface CollectiveRow {
  readonly operation: CollectiveOperation;
  readonly format: string;
  readonly ranks: number;
  readonly bytes: number;
  /** [s] */
  readonly time: number;
}

/** Rows of one table of a system, in the newest folder whose name begins so. */
export function rowsOf(system: string, folder: string, table: string): readonly Row[] {
  const name = readdirSync(join(measured, system))
    .filter((candidate) => candidate.startsWith(folder) && readdirSync(join(measured, system, candidate)).includes(`${table}.csv.gz`))
    .toSorted((a, b) => (a < b ? -1 : 1))
    .at(-1);
  if (name === undefined) return [];
  return parsed(join(measured, system, name, `${table}.csv.gz`));
}

function parsed(path: string): readonly Row[] {
  const [head = '', ...lines] = gunzipSync(readFileSync(path)).toString('utf8').trim().split('\n');
  const keys = head.split(',');
  return lines.map((line) => {
    const cells = line.split(',');
    return Object.fromEntries(keys.map((key, i) => [key, cells[i] ?? '']));
  });
}

const operations: Readonly<Record<string, CollectiveOperation>> = {
  all_reduce: 'all-reduce',
  all_gather: 'all-gather',
  reduce_scatter: 'reduce-scatter',
  alltoall: 'all-to-all',
};

/** Sizes are given in elements. */
const widths: Readonly<Record<string, number>> = { half: 2, int8: 1, bfloat16: 2 };

/** NCCL of a system; `message_size` counts elements. */
export function ncclRows(system: string): readonly CollectiveRow[] {
  return rowsOf(system, 'nccl', 'nccl').map((row) => ({
    operation: operations[row['op_name'] ?? ''] ?? 'all-reduce',
    format: row['nccl_dtype'] ?? '',
    ranks: Number(row['num_gpus']),
    bytes: Number(row['message_size']) * (widths[row['nccl_dtype'] ?? ''] ?? 2),
    time: Number(row['latency']) / 1e3,
  }));
}

/** The all-reduce of a framework in captured graphs, or its only one. */
export function customRows(system: string, framework: string): readonly CollectiveRow[] {
  return rowsOf(system, framework, 'custom_allreduce')
    .filter((row) => !(row['kernel_source'] ?? '').endsWith('eager'))
    .map((row) => ({
      operation: 'all-reduce',
      format: row['allreduce_dtype'] ?? '',
      ranks: Number(row['num_gpus']),
      bytes: Number(row['message_size']) * (widths[row['allreduce_dtype'] ?? ''] ?? 2),
      time: Number(row['latency']) / 1e3,
    }));
}

/** Median all-reduces of whole groups inside one node (Vidur, `size` in bytes), not in graphs: only messages of 8 MB and more, which hide their launch. */
export function vidurRows(chip: 'a100' | 'h100'): readonly CollectiveRow[] {
  const path = new URL(`../../../shared/measured/vidur/network_${chip}_dgx_all_reduce.csv.gz`, import.meta.url).pathname;
  return parsed(path)
    .filter((row) => row['num_workers'] === row['devices_per_node'] && Number(row['size']) >= 8e6)
    .map((row) => ({
      operation: 'all-reduce',
      format: 'half',
      ranks: Number(row['num_workers']),
      bytes: Number(row['size']),
      time: Number(row['time_stats.all_reduce.median']) / 1e3,
    }));
}

/** Rows that took much longer than a larger message of the same run: something else disturbed them. */
export function disturbed(rows: readonly CollectiveRow[]): ReadonlySet<CollectiveRow> {
  return new Set(
    rows.filter((row) =>
      rows.some(
        (other) =>
          other.operation === row.operation &&
          other.format === row.format &&
          other.ranks === row.ranks &&
          other.bytes > row.bytes &&
          other.time < 0.8 * row.time,
      ),
    ),
  );
}
