import type { Chip } from '../../src/catalogue/chip.ts';
import { nearest } from '../../src/base/nearest.ts';
import type { OperatorTable } from '../../schema/tables/read-table.ts';
import type { Gathered } from '../gathered.ts';
import { loadChip } from '../machines.ts';
import { readOperatorTable } from './read.ts';

/** What was typed: tables, and words that are no flag of the verb. */
export function tablesTyped(args: readonly string[], known: readonly string[], gathered: Gathered): readonly string[] {
  for (const typed of args.filter((arg) => arg.startsWith('-'))) {
    const near = nearest(typed, known);
    gathered.add(typed, `no such flag${near === undefined ? '' : ` (did you mean "${near}"?)`}`);
  }
  return args.filter((arg) => !arg.startsWith('-'));
}

/** The tables that were typed, each read whole. */
export async function readTables(files: readonly string[], at: string, gathered: Gathered): Promise<readonly OperatorTable[]> {
  if (files.length === 0) gathered.add(at, 'expected a table of operator times (CSV, gzipped or not)');
  const tables: OperatorTable[] = [];
  for (const file of files) {
    const table = await gathered.attempt(() => readOperatorTable(file));
    if (table !== undefined) tables.push(table);
  }
  return tables;
}

export async function chipTyped(name: string | undefined, gathered: Gathered): Promise<Chip | undefined> {
  if (name === undefined) {
    gathered.add('--chip', 'expected the chip that the times were measured on, as `supernode machines` names it');
    return undefined;
  }
  return gathered.attempt(() => loadChip(name, '--chip'));
}
