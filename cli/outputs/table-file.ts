import type { Row, TableColumn } from '../../src/report/records/table.ts';
import { OutputFile } from './file.ts';

/** A table that is written row by row. */
export interface TableFile {
  readonly file: OutputFile;
  row(row: Row): void;
  drain(): Promise<void>;
  /** Ends the table, which is not in its place then. */
  finish(): Promise<void>;
  abort(): void;
}

/** Endings that a table may be written with. */
export const tableEndings = ['.parquet', '.csv', '.csv.gz', '.jsonl', '.jsonl.gz'] as const;

/** A table in the format that the ending of its path names. @param about what the file is of, where its format has a place for that */
export async function tableFile(path: string, columns: readonly TableColumn[], about: Readonly<Record<string, string>>): Promise<TableFile> {
  if (path.endsWith('.parquet')) return new (await import('./parquet-file.ts')).ParquetFile(path, columns, about);
  return new TextTable(path, columns, /\.csv(\.gz)?$/.test(path) ? 'csv' : 'jsonl');
}

class TextTable implements TableFile {
  readonly file: OutputFile;
  readonly #columns: readonly TableColumn[];
  readonly #format: 'csv' | 'jsonl';

  constructor(path: string, columns: readonly TableColumn[], format: 'csv' | 'jsonl') {
    this.file = new OutputFile(path);
    this.#columns = columns;
    this.#format = format;
    if (format === 'csv') this.file.write(`${columns.map(({ name }) => name).join(',')}\n`);
  }

  row(row: Row): void {
    this.file.write(this.#format === 'csv' ? `${row.map(csvField).join(',')}\n` : `${JSON.stringify(this.#named(row))}\n`);
  }

  drain(): Promise<void> {
    return this.file.drain();
  }

  finish(): Promise<void> {
    return this.file.finish();
  }

  abort(): void {
    this.file.abort();
  }

  #named(row: Row): object {
    return Object.fromEntries(this.#columns.map(({ name }, c) => [name, row[c]]));
  }
}

function csvField(value: Row[number]): string {
  if (value === null) return '';
  const text = String(value);
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
