import { InputError, type Issue } from '../../src/base/errors.ts';
import type { MeasuredRow, OperatorFamily } from '../../src/cost/calibration/family.ts';
import { numberFormatOf } from '../../src/cost/calibration/die.ts';
import { CsvRecord, fieldsOf } from './csv.ts';
import { layouts, layoutsOf } from './index.ts';
import type { TableHeader } from './layout.ts';

/** The time of a part of a launch, and the parts that make it whole. */
export interface PartRow extends MeasuredRow<unknown> {
  readonly part: string;
  readonly of: readonly string[];
}

/** Rows of one cell that a table holds. */
export interface TableCell {
  readonly family: OperatorFamily<unknown>;
  readonly format: string;
  readonly rows: MeasuredRow<unknown>[];
  /** Times of parts of launches, which other tables complete. */
  readonly parts: PartRow[];
  /** Rows that the layout left out, by reason. */
  readonly left: Map<string, number>;
}

/** A table as it was read. */
export interface OperatorTable {
  readonly file: string;
  readonly layouts: readonly string[];
  readonly constants: ReadonlyMap<string, string>;
  readonly lines: number;
  readonly cells: readonly TableCell[];
}

/** Problems that are listed before the rest is only counted. */
const LISTED = 20;

/**
 * Reads a table of operator times from its lines, header first.
 * @throws InputError for a table of no known layout, without rows, or with lines that are no rows
 */
export async function readTable(lines: AsyncIterable<string>, file: string, constants: ReadonlyMap<string, string>): Promise<OperatorTable> {
  const reader = new TableReader(file, constants);
  for await (const line of lines) reader.take(line);
  return reader.done();
}

class TableReader {
  readonly #file: string;
  readonly #constants: ReadonlyMap<string, string>;
  readonly #issues: Issue[] = [];
  readonly #cells: Map<string, TableCell> = new Map();
  #record: CsvRecord | undefined;
  #matching: ReturnType<typeof layoutsOf> = [];
  #line = 0;
  #rows = 0;
  #more = 0;

  constructor(file: string, constants: ReadonlyMap<string, string>) {
    this.#file = file;
    this.#constants = constants;
  }

  take(line: string): void {
    this.#line++;
    if (line.trim() === '') return;
    if (this.#record === undefined) {
      this.#open(line);
      return;
    }
    const record = this.#record.take(line);
    if (record.width !== record.header.columns.length) {
      this.#problem(`expected ${record.header.columns.length} columns, got ${record.width}`);
      return;
    }
    this.#rows++;
    for (const layout of this.#matching) {
      const reading = layout.read(record);
      if (reading.kind === 'other') continue;
      if (numberFormatOf(reading.format) === undefined) {
        this.#problem(`no number format begins "${reading.format}"`);
        continue;
      }
      const cell = this.#cell(layout.family, reading.format);
      if (reading.kind === 'left-out') cell.left.set(reading.reason, (cell.left.get(reading.reason) ?? 0) + 1);
      // A part may be what one launch takes beside another, and that nothing.
      else if (!(reading.part === undefined ? reading.time > 0 : reading.time >= 0) || reading.time === Infinity) this.#problem('expected a time above 0');
      else {
        const { shape, time, part } = reading;
        const bad = badField(shape);
        if (bad !== undefined) this.#problem(bad);
        else if (part === undefined) cell.rows.push({ shape, time });
        else cell.parts.push({ shape, time, part, of: layout.parts ?? [part] });
      }
    }
  }

  done(): OperatorTable {
    if (this.#record === undefined) throw new InputError([{ path: this.#file, message: 'the table is empty' }]);
    if (this.#issues.length === 0 && this.#rows === 0) this.#issues.push({ path: this.#file, message: 'the table has a header and no rows' });
    if (this.#issues.length === 0 && this.#cells.size === 0)
      this.#issues.push({
        path: this.#file,
        message: `none of the ${this.#rows} rows is an operator of ${this.#matching.map(({ name }) => name).join(' or ')}`,
      });
    if (this.#more > 0) this.#issues.push({ path: this.#file, message: `${this.#more} more lines are wrong` });
    if (this.#issues.length > 0) throw new InputError(this.#issues);
    return {
      file: this.#file,
      layouts: this.#matching.map(({ name }) => name),
      constants: this.#constants,
      lines: this.#rows,
      cells: [...this.#cells.values()],
    };
  }

  #open(line: string): void {
    const columns = fieldsOf(line.replace(/^\uFEFF/, '')).map((name) => name.trim());
    const header: TableHeader = { file: this.#file, columns, constants: this.#constants };
    this.#matching = layoutsOf(header);
    if (this.#matching.length === 0) throw new InputError([{ path: `${this.#file}: line 1`, message: unknownLayout(columns) }]);
    const needed = this.#matching.flatMap((layout) => layout.columns);
    const twice = needed.find((name) => columns.indexOf(name) !== columns.lastIndexOf(name));
    if (twice !== undefined) throw new InputError([{ path: `${this.#file}: line 1`, message: `the column ${twice} is there twice` }]);
    this.#record = new CsvRecord(header);
  }

  #cell(family: OperatorFamily<unknown>, format: string): TableCell {
    const key = `${family.class} ${format}`;
    const known = this.#cells.get(key);
    if (known !== undefined) return known;
    const made: TableCell = { family, format, rows: [], parts: [], left: new Map() };
    this.#cells.set(key, made);
    return made;
  }

  #problem(message: string): void {
    if (this.#issues.length < LISTED) this.#issues.push({ path: `${this.#file}: line ${this.#line}`, message });
    else this.#more++;
  }
}

function badField(shape: unknown): string | undefined {
  for (const [name, value] of Object.entries(shape as Readonly<Record<string, unknown>>))
    if (typeof value === 'number' && !(value >= 0 && value < Infinity)) return `expected a number for ${name}`;
  return undefined;
}

/** Which columns the nearest layout misses. */
function unknownLayout(columns: readonly string[]): string {
  const near = layouts
    .map(({ name, columns: needed }) => ({ name, missing: needed.filter((column) => !columns.includes(column)), of: needed.length }))
    .sort((a, b) => a.missing.length / a.of - b.missing.length / b.of)[0];
  const best = near === undefined ? '' : `; the nearest is ${near.name}, which also needs ${near.missing.join(', ')}`;
  return `no known layout has the columns ${columns.join(', ')}${best}`;
}
