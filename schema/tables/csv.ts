import type { TableHeader, TableRecord } from './layout.ts';

/** Fields of one line of CSV: quoted fields may hold commas and doubled quotes. */
export function fieldsOf(line: string): readonly string[] {
  if (!line.includes('"')) return line.split(',');
  const fields: string[] = [];
  let field = '';
  let quoted = false;
  for (let i = 0; i < line.length; i++) {
    const letter = line[i];
    if (letter === '"') {
      if (quoted && line[i + 1] === '"') field += line[++i] ?? '';
      else quoted = !quoted;
    } else if (letter === ',' && !quoted) {
      fields.push(field);
      field = '';
    } else field += letter ?? '';
  }
  fields.push(field);
  return fields;
}

/** The current row of a table; one object serves all rows. */
export class CsvRecord implements TableRecord {
  readonly header: TableHeader;
  readonly #places: Map<string, number>;
  #fields: readonly string[] = [];

  constructor(header: TableHeader) {
    this.header = header;
    this.#places = new Map(header.columns.map((name, i) => [name, i]));
  }

  take(line: string): this {
    this.#fields = fieldsOf(line);
    return this;
  }

  /** Fields of the row as they were split. */
  get width(): number {
    return this.#fields.length;
  }

  text(column: string): string {
    const place = this.#places.get(column);
    return (place === undefined ? this.header.constants.get(column) : this.#fields[place]) ?? '';
  }

  number(column: string): number {
    const text = this.text(column);
    return text === '' ? Number.NaN : Number(text);
  }
}

/** Constant columns of one file out of an index beside the tables: lines of file, rows, bytes, columns, `name=value; name=value`. */
export function constantsOf(index: string, file: string): ReadonlyMap<string, string> {
  for (const line of index.split('\n')) {
    const [name = '', , , , constants = ''] = line.split('\t');
    if (name === '' || !(file === name || file.endsWith(`/${name}`))) continue;
    return new Map(
      constants
        .split(';')
        .map((pair) => pair.trim())
        .filter((pair) => pair.includes('='))
        .map((pair): [string, string] => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]),
    );
  }
  return new Map();
}
