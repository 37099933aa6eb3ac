import { ByteWriter, ParquetWriter } from 'hyparquet-writer';
import type { ColumnKind, Row, TableColumn, Value } from '../../src/report/records/table.ts';
import { OutputFile } from './file.ts';
import type { TableFile } from './table-file.ts';

/** Rows of one row group: as many as are in memory. */
const groupRows = 2 ** 16;

const types: Readonly<Record<ColumnKind, { readonly type: 'INT32' | 'DOUBLE' | 'BYTE_ARRAY'; readonly converted_type?: 'UTF8' }>> = {
  integer: { type: 'INT32' },
  number: { type: 'DOUBLE' },
  text: { type: 'BYTE_ARRAY', converted_type: 'UTF8' },
};

/** A table as Parquet, one row group after another. Every column may be without a value. */
export class ParquetFile implements TableFile {
  readonly file: OutputFile;
  readonly #columns: readonly TableColumn[];
  readonly #writer: ParquetWriter;
  #values: Value[][];
  #rows = 0;

  constructor(path: string, columns: readonly TableColumn[], about: Readonly<Record<string, string>>) {
    this.file = new OutputFile(path);
    this.#columns = columns;
    this.#values = columns.map(() => []);
    this.#writer = new ParquetWriter({
      writer: this.#bytes(),
      schema: [
        { name: 'root', num_children: columns.length },
        ...columns.map(({ name, kind }) => ({ name, repetition_type: 'OPTIONAL' as const, ...types[kind] })),
      ],
      kvMetadata: Object.entries(about).map(([key, value]) => ({ key, value })),
      createdBy: 'supernode',
    });
  }

  row(row: Row): void {
    for (let c = 0; c < row.length; c++) this.#values[c]?.push(row[c] ?? null);
    if (++this.#rows === groupRows) this.#group();
  }

  drain(): Promise<void> {
    return this.file.drain();
  }

  async finish(): Promise<void> {
    if (this.#rows > 0) this.#group();
    await this.#writer.finish();
    await this.file.finish();
  }

  abort(): void {
    this.file.abort();
  }

  #group(): void {
    const values = this.#values;
    void this.#writer.write({ columnData: this.#columns.map(({ name }, c) => ({ name, data: values[c] ?? [] })), rowGroupSize: groupRows });
    this.#values = this.#columns.map(() => []);
    this.#rows = 0;
  }

  /** Hands on what has been written whenever a row group is whole. */
  #bytes(): ByteWriter {
    const writer = new ByteWriter(1 << 16);
    const flush = (): void => {
      this.file.write(new Uint8Array(writer.buffer.slice(0, writer.index)));
      writer.index = 0;
    };
    return Object.assign(writer, { flush, finish: flush });
  }
}
