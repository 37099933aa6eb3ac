import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { readOperatorTable } from '../../cli/calibrate/read.ts';
import type { OperatorTable } from '../../schema/tables/read-table.ts';
import { InputError } from '../../src/base/errors.ts';

export const measured: string = fileURLToPath(new URL('../../../shared/measured/', import.meta.url));

/** Errors of the operators (groups of rows) of one cell. */
export interface Judged {
  readonly name: string;
  readonly groups: readonly number[];
  /** Whether both stacks take the kernels from one vendor's library. */
  readonly vendor?: boolean;
}

function sorted(values: readonly number[]): readonly number[] {
  return values.toSorted((a, b) => a - b);
}

export function quantile(values: readonly number[], share: number): number {
  const order = sorted(values);
  return order[Math.min(order.length - 1, Math.floor(share * order.length))] ?? Number.NaN;
}

export const median = (values: readonly number[]): number => quantile(values, 0.5);

/** A table of a family, or undefined for another kind of table. */
export async function tableAt(path: string): Promise<OperatorTable | undefined> {
  try {
    return await readOperatorTable(path);
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

/** Columns of a gzipped table. */
export function rowsOf(file: string): readonly Readonly<Record<string, string>>[] {
  const [head = '', ...lines] = gunzipSync(readFileSync(measured + file))
    .toString()
    .trim()
    .split('\n');
  const names = head.split(',');
  return lines.map((line) => Object.fromEntries(line.split(',').map((value, i) => [names[i] ?? '', value])));
}
