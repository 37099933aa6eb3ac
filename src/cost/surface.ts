import type { InstanceBatch, StepCost, StepPricer, Stretch } from './batch.ts';
import { addAlong, addRow, compile, finish, rowOf, type CompilablePricer, type Compiled, type Part } from './compiled.ts';
import { kindNumber, kindOf, kinds, type Driver } from './drivers.ts';
import { lineOver, type Line } from './lines.ts';
import type { PlannedGroup } from './priced-group.ts';
import { LineStretch } from './stretch.ts';

/** Values of a driver that a table keeps, by their last bits; a row that was dropped is made again, and is the same. */
const kept = 65_536;
const keptContexts = 1024;
const firstRows = 64;

/** Rows of one part by the value of its driver, and which value each place stands for. */
interface Table {
  readonly part: Part;
  readonly driver: Driver | undefined;
  readonly keys: Float64Array;
  /** Row of each place, from 1; 0 for none. */
  readonly places: Int32Array;
  rows: Float64Array;
  used: number;
  /** Over octaves of contexts [2^o - 1, 2^(o+1) - 1]. */
  readonly lines: ((Line | undefined)[] | undefined)[];
}

interface Surface {
  readonly compiled: Compiled;
  readonly tables: readonly Table[];
  readonly sums: Float64Array;
}

/**
 * A pricer that puts the cost of a step together from tables of its parts. Operators that depend on a count of tokens or sequences have an
 * exact row for each count that comes up; those that depend on the context of decoding sequences are read off straight lines whose ends
 * are exact; those of prompts are priced each time. Two microbatches are then scheduled as in the exact cost. Rows depend on nothing but the
 * pricer, so that results do not depend on what was asked before.
 */
export class SurfacePricer implements StepPricer {
  readonly #exact: CompilablePricer;
  readonly #surfaces: (Surface | 'none' | undefined)[] = Array.from({ length: kinds });
  #queryTokens = -1;
  /** The plan of the step that is being priced, once something needs it. */
  #plan: readonly PlannedGroup[] | undefined;
  /** Times that the operators of a step were listed so far, to price all of them or those of one part. */
  evaluations = 0;

  constructor(exact: CompilablePricer) {
    this.#exact = exact;
  }

  cost(batch: InstanceBatch): StepCost {
    const surface = this.#surface(batch);
    if (surface !== undefined) {
      const { compiled, tables, sums } = surface;
      sums.set(compiled.constant);
      compiled.times.fill(0);
      this.#plan = undefined;
      let whole = true;
      for (let i = 0; i < tables.length && whole; i++) whole = this.#add(compiled, tables[i] as Table, batch, sums);
      if (whole) return finish(compiled, sums);
    }
    this.evaluations++;
    return this.#exact.cost(batch);
  }

  /** Where all but one line in the context stays as it is and nothing has to be scheduled. */
  stretch(batch: InstanceBatch, old?: Stretch): Stretch | undefined {
    const surface = this.#surface(batch);
    if (surface === undefined || surface.compiled.scheduled.length > 0 || surface.compiled.pipeline > 0) return undefined;
    const { compiled, tables } = surface;
    const last = tables.at(-1);
    if (last?.part.context !== true) return undefined;
    const { constant } = compiled;
    const stretch = old instanceof LineStretch && old.base.length === constant.length ? old : new LineStretch(constant.length);
    const sums = stretch.base;
    sums.set(constant);
    this.#plan = undefined;
    for (const table of tables) if (table !== last && (table.driver === undefined || !this.#add(compiled, table, batch, sums))) return undefined;
    const line = this.#lineAt(compiled, last, last.driver?.key(batch) ?? 0, batch);
    return line === undefined ? undefined : stretch.along(line, last.part.width);
  }

  /** Whether steps like this one come apart. */
  compiles(batch: InstanceBatch): boolean {
    return this.#surface(batch) !== undefined;
  }

  #surface(batch: InstanceBatch): Surface | undefined {
    const { rank } = batch;
    if (rank.queryTokens !== this.#queryTokens) {
      this.#surfaces.fill(undefined);
      this.#queryTokens = rank.queryTokens;
    }
    const kind = kindNumber(batch);
    const known = this.#surfaces[kind];
    if (known !== undefined) return known === 'none' ? undefined : known;
    const compiled = compile(this.#exact, kindOf(batch), rank.queryTokens);
    const made = compiled === undefined ? undefined : { compiled, tables: compiled.parts.map(tableOf), sums: new Float64Array(compiled.constant.length) };
    this.#surfaces[kind] = made ?? 'none';
    return made;
  }

  #planOf(batch: InstanceBatch): readonly PlannedGroup[] {
    if (this.#plan === undefined) {
      this.evaluations++;
      this.#plan = this.#exact.plan(batch);
    }
    return this.#plan;
  }

  /** Adds what a table says of a batch; false where the batch is not of the kind. */
  #add(compiled: Compiled, table: Table, batch: InstanceBatch, sums: Float64Array): boolean {
    const { part, driver } = table;
    if (driver === undefined) {
      const row = rowOf(this.#exact, compiled, part, this.#planOf(batch));
      if (row !== undefined) addRow(compiled, part, sums, row, 0);
      return row !== undefined;
    }
    const key = driver.key(batch);
    if (part.context) return this.#addContext(compiled, table, key, batch, sums);
    const place = key % kept;
    if (table.keys[place] !== key) {
      const row = rowOf(this.#exact, compiled, part, this.#planOf(batch));
      if (row === undefined) return false;
      keep(table, place, key, row);
    }
    addRow(compiled, part, sums, table.rows, ((table.places[place] as number) - 1) * part.width);
    return true;
  }

  #addContext(compiled: Compiled, table: Table, key: number, batch: InstanceBatch, sums: Float64Array): boolean {
    const at = this.#lineAt(compiled, table, key, batch);
    if (at === undefined) return false;
    addAlong(compiled, table.part, sums, at.line, (batch.rank.decodeContext - at.from) / (at.to - at.from));
    return true;
  }

  /** The line on which the context of a batch lies. */
  #lineAt(compiled: Compiled, table: Table, key: number, batch: InstanceBatch): Line | undefined {
    const place = key % keptContexts;
    let octaves = table.lines[place];
    if (octaves === undefined || table.keys[place] !== key) {
      octaves = [];
      table.lines[place] = octaves;
      table.keys[place] = key;
    }
    const context = batch.rank.decodeContext;
    const octave = 31 - Math.clz32(context + 1);
    const line = octaves[octave] ?? this.#line(compiled, table.part, batch, octave);
    if (line === undefined) return undefined;
    octaves[octave] = line;
    let at = line;
    while (at.halves !== undefined) at = context <= at.halves[0].to ? at.halves[0] : at.halves[1];
    return at;
  }

  #line(compiled: Compiled, part: Part, batch: InstanceBatch, octave: number): Line | undefined {
    const low = 1 << octave;
    const { rank } = batch;
    return lineOver(low - 1, 2 * low - 1, (decodeContext) => {
      this.evaluations++;
      return rowOf(this.#exact, compiled, part, this.#exact.plan({ ...batch, rank: { ...rank, decodeContext } }));
    });
  }
}

function tableOf(part: Part): Table {
  const size = part.context ? keptContexts : kept;
  return {
    part,
    driver: part.driver,
    keys: new Float64Array(size).fill(-1),
    places: new Int32Array(part.context ? 0 : kept),
    rows: new Float64Array(part.context ? 0 : firstRows * part.width),
    used: 0,
    lines: Array.from({ length: part.context ? keptContexts : 0 }),
  };
}

/** Puts a row at a place, over the row of another value that stood there. */
function keep(table: Table, place: number, key: number, row: Float64Array): void {
  const { places, keys, part } = table;
  if (places[place] === 0) places[place] = ++table.used;
  const at = ((places[place] as number) - 1) * part.width;
  if (at + part.width > table.rows.length) {
    const wider = new Float64Array(2 * table.rows.length);
    wider.set(table.rows);
    table.rows = wider;
  }
  table.rows.set(row, at);
  keys[place] = key;
}
