import { enlarged } from '../kernel/enlarged.ts';
import { RowMemo } from '../kernel/row-memo.ts';
import type { InstanceBatch, StepCost, StepPricer, Stretch } from './batch.ts';
import type { CompilablePricer } from './compilable.ts';
import { compile, finish, type Compiled } from './compiled.ts';
import { contextDriver, kindNumber, kindOf, kinds, readSums, sumsOfBatch, type Driver } from './drivers.ts';
import { LineRows, octaveOf, type Octave } from './line-rows.ts';
import { lineOver, through, type Rows } from './lines.ts';
import { addRow, fillCores, rowOf, type Part } from './parts.ts';
import type { PlannedGroup } from './priced-group.ts';
import { stepCostOf, sumCount } from './step-sums.ts';
import { LineStretch } from './stretch.ts';

/** Values of a driver that a table keeps, powers of two; a row that was dropped is made again, and is the same. */
const kept = 65_536;
const keptFixed = 1024;
const firstRows = 64;
/** Values up to which every one has a row, and the most that lies beside them in a key. */
const fewest = 64;
const wide = 2 ** 26;
/** How far apart the places of rows are that have other values fixed. */
const apart = fewest + 1;
/** How often an octave of contexts is cut in two: they are too many to look for every step of a kernel. */
const contextCuts = 9;

/** Steps of prompts that are kept: what is often asked for comes again, as where a cache leaves the end of a prompt to compute. */
const keptPrompts = 65_536;
/** Compositions of more prompts do not come again, nor do those of several of which nothing is cached. */
const mostAlike = 4;

/** Rows of one part by the value of its driver, and which value each place stands for. */
interface Table {
  readonly part: Part;
  readonly driver: Driver | undefined;
  /** From 1: memory that is nothing but zeros is not touched before it is needed. */
  readonly keys: Float64Array;
  /** Row of each place, from 1; 0 for none. */
  readonly places: Int32Array;
  rows: Float64Array<ArrayBuffer>;
  used: number;
  /** Working memory: one row. */
  readonly row: Float64Array;
  /** Lines by what is fixed on them. */
  readonly lines: (LineRows | undefined)[];
  readonly cuts: number;
}

interface Surface {
  readonly compiled: Compiled;
  readonly tables: readonly Table[];
  readonly sums: Float64Array;
  /** What steps that only decode have without the last table, where that is a line in the context and nothing is scheduled; and of which it is. */
  readonly base: Float64Array | undefined;
  sequences: number;
  instanceTokens: number;
}

/**
 * A pricer that puts the cost of a step together from tables of its parts. Operators that depend on a count of few values have an exact row for
 * each that comes up; those that depend on counts of tokens are read off straight lines whose ends are exact; those of prompts over contexts are priced
 * each time. Two microbatches are then scheduled as in the exact cost. Rows and lines depend on nothing but the pricer, so that results do not
 * depend on what was asked before.
 */
export class SurfacePricer implements StepPricer {
  readonly #exact: CompilablePricer;
  readonly #surfaces: (Surface | 'none' | undefined)[] = Array.from({ length: kinds });
  readonly #batchSums: Float64Array = new Float64Array(sumsOfBatch);
  #queryTokens = -1;
  /** Sums of steps that only compute prompts, by all that they depend on. */
  #prompts: RowMemo | undefined;
  /** The plan of the step that is being priced, once something needs it. */
  #plan: readonly PlannedGroup[] | undefined;
  /** Times that the operators of a step were listed so far, to price all of them or those of one part. */
  evaluations = 0;

  constructor(exact: CompilablePricer) {
    this.#exact = exact;
  }

  cost(batch: InstanceBatch, old?: StepCost): StepCost {
    const surface = this.#surface(batch);
    if (surface !== undefined) {
      const { compiled, tables, sums } = surface;
      const { constant } = compiled;
      const memo = compiled.pipeline === 0 && comesAgain(batch) ? this.#promptsLike(batch) : undefined;
      const known = memo?.find() ?? -1;
      if (memo !== undefined && known >= 0) return stepCostOf(memo.entries, undefined, known, old);
      this.#plan = undefined;
      readSums(batch, this.#batchSums);
      const { base } = surface;
      let whole = base === undefined || this.#fillBase(surface, base, batch);
      const from = base ?? constant;
      for (let i = 0; i < from.length; i++) sums[i] = from[i] as number;
      for (let i = base === undefined ? 0 : tables.length - 1; i < tables.length && whole; i++) whole = this.#add(compiled, tables[i] as Table, batch, sums);
      if (whole) {
        const cost = finish(compiled, sums, old);
        memo?.keep(sums);
        return cost;
      }
    }
    this.evaluations++;
    return this.#exact.cost(batch);
  }

  /** Where all but one line in the context stays as it is and nothing has to be scheduled. */
  stretch(batch: InstanceBatch, old?: Stretch): Stretch | undefined {
    const surface = this.#surface(batch);
    const base = surface?.base;
    const last = surface?.tables.at(-1);
    if (surface === undefined || base === undefined || last?.driver === undefined) return undefined;
    this.#plan = undefined;
    readSums(batch, this.#batchSums);
    if (!this.#fillBase(surface, base, batch)) return undefined;
    const { compiled } = surface;
    const stretch = old instanceof LineStretch ? old : new LineStretch();
    stretch.base.set(base);
    const fixed = this.#batchSums[last.driver.fixed] as number;
    const along = this.#batchSums[last.driver.along] as number;
    const lines = this.#linesOf(last, fixed);
    const record = along > fewest ? this.#recordOf(compiled, last, last.driver, lines, along) : -1;
    return record < 0 ? undefined : stretch.along(lines, record, last.part.columns);
  }

  /** Puts what a step has without its context in `base`, unless the last one had the same; false where it is not of the kind. */
  #fillBase(surface: Surface, base: Float64Array, batch: InstanceBatch): boolean {
    const { compiled, tables } = surface;
    const { decodeSequences } = batch.rank;
    if (surface.sequences === decodeSequences && surface.instanceTokens === batch.instanceTokens) return true;
    surface.sequences = -1;
    base.set(compiled.constant);
    for (let i = 0; i < tables.length - 1; i++) if (!this.#add(compiled, tables[i] as Table, batch, base)) return false;
    surface.sequences = decodeSequences;
    surface.instanceTokens = batch.instanceTokens;
    return true;
  }

  /** Whether steps like this one come apart. */
  compiles(batch: InstanceBatch): boolean {
    return this.#surface(batch) !== undefined;
  }

  #promptsLike({ rank, instanceTokens }: InstanceBatch): RowMemo {
    const memo = (this.#prompts ??= new RowMemo(5, sumCount, keptPrompts));
    const { key } = memo;
    key[0] = rank.prefillTokens;
    key[1] = rank.prefillSequences;
    key[2] = rank.prefillPairs;
    key[3] = rank.prefillContext;
    key[4] = instanceTokens;
    return memo;
  }

  #surface(batch: InstanceBatch): Surface | undefined {
    const { rank } = batch;
    if (rank.queryTokens !== this.#queryTokens) {
      this.#surfaces.fill(undefined);
      this.#prompts = undefined;
      this.#queryTokens = rank.queryTokens;
    }
    const kind = kindNumber(batch);
    const known = this.#surfaces[kind];
    if (known !== undefined) return known === 'none' ? undefined : known;
    const compiled = compile(this.#exact, kindOf(batch), rank.queryTokens);
    const made = compiled === undefined ? undefined : surfaceOf(compiled, rank.prefillTokens === 0);
    this.#surfaces[kind] = made ?? 'none';
    return made;
  }

  /** Adds what a table says of a batch; false where the batch is not of the kind. */
  #add(compiled: Compiled, table: Table, batch: InstanceBatch, sums: Float64Array): boolean {
    const { part, driver } = table;
    if (driver === undefined) {
      const row = this.#rowOf(compiled, table, batch);
      if (row !== undefined) addRow(part, sums, row, 0);
      return row !== undefined;
    }
    const fixed = this.#batchSums[driver.fixed] as number;
    const along = this.#batchSums[driver.along] as number;
    if (driver.wide && along > fewest) {
      const lines = this.#linesOf(table, fixed);
      const record = this.#recordOf(compiled, table, driver, lines, along);
      if (record >= 0) {
        lines.add(record, along, part.columns, sums);
        return true;
      }
    }
    const key = 1 + fixed * wide + along;
    const place = (fixed * apart + along) & (kept - 1);
    if (table.keys[place] !== key) {
      const row = this.#rowOf(compiled, table, batch);
      if (row === undefined) return false;
      keep(table, place, key, row);
    }
    addRow(part, sums, table.rows, ((table.places[place] as number) - 1) * part.columns.length);
    return true;
  }

  /** What a part comes to in the step that is being priced. */
  #rowOf(compiled: Compiled, { part, row }: Table, batch: InstanceBatch): Float64Array | undefined {
    if (fillCores(this.#exact, compiled.plan, part, batch, row)) return row;
    if (this.#plan === undefined) {
      this.evaluations++;
      this.#plan = this.#exact.plan(batch);
    }
    return rowOf(this.#exact, compiled.signature, part, this.#plan);
  }

  /** Lines of a table on which something is fixed: those of another value may stand there. */
  #linesOf({ part, lines }: Table, fixed: number): LineRows {
    const place = fixed & (keptFixed - 1);
    const known = lines[place];
    if (known !== undefined && known.fixed === fixed) return known;
    const made = new LineRows(part.columns.length, fixed);
    lines[place] = made;
    return made;
  }

  /** Where the line that is read off begins; -1 where there is none. */
  #recordOf(compiled: Compiled, table: Table, driver: Driver, lines: LineRows, along: number): number {
    const octave = this.#octaveOf(compiled, table, driver, lines, along);
    if (octave === null) return -1;
    const record = lines.find(octave, along);
    if (record >= 0) return record;
    const line = through(octave.whole, along, this.#rows(compiled, table.part, driver, lines.fixed));
    return line === undefined ? -1 : lines.put(octave, along, line);
  }

  /** The octave that a value is in; null where there are no lines over it. */
  #octaveOf(compiled: Compiled, { part, cuts }: Table, driver: Driver, { octaves, fixed }: LineRows, along: number): Octave | null {
    const o = 32 - Math.clz32(along - 1);
    const known = octaves[o];
    if (known !== undefined) return known;
    const to = (1 << o) >>> 0;
    const whole = lineOver(to / 2 + 1, to, this.#rows(compiled, part, driver, fixed), cuts);
    const made = whole === undefined ? null : octaveOf(whole);
    octaves[o] = made;
    return made;
  }

  /** Rows of a part along its driver. */
  #rows(compiled: Compiled, part: Part, driver: Driver, fixed: number): Rows {
    const at = (along: number): Float64Array | undefined => {
      const batch = driver.example(fixed, along);
      if (batch === undefined) return undefined;
      const row = new Float64Array(part.columns.length);
      if (fillCores(this.#exact, compiled.plan, part, batch, row)) return row;
      this.evaluations++;
      return rowOf(this.#exact, compiled.signature, part, this.#exact.plan(batch));
    };
    return { at, ends: part.ends };
  }
}

function surfaceOf(compiled: Compiled, decodes: boolean): Surface {
  const { parts, constant, scheduled, pipeline } = compiled;
  const stretches = decodes && scheduled.length === 0 && pipeline === 0 && parts.at(-1)?.driver?.name === contextDriver;
  return {
    compiled,
    tables: parts.map(tableOf),
    sums: new Float64Array(constant.length),
    base: stretches ? new Float64Array(constant.length) : undefined,
    sequences: -1,
    instanceTokens: -1,
  };
}

function comesAgain({ rank }: InstanceBatch): boolean {
  const { decodeSequences, prefillSequences, prefillTokens, prefillContext } = rank;
  return decodeSequences === 0 && prefillSequences <= mostAlike && (prefillSequences === 1 || prefillContext > prefillTokens);
}

function tableOf(part: Part): Table {
  const { driver } = part;
  const rows = driver === undefined ? 0 : kept;
  const lines = driver?.wide === true ? keptFixed : 0;
  return {
    part,
    driver,
    keys: new Float64Array(rows),
    places: new Int32Array(rows),
    rows: new Float64Array(rows === 0 ? 0 : firstRows * part.columns.length),
    used: 0,
    row: new Float64Array(part.columns.length),
    lines: Array.from({ length: lines }),
    cuts: driver?.name === contextDriver ? contextCuts : Infinity,
  };
}

/** Puts a row at a place, over the row of another value that stood there. */
function keep(table: Table, place: number, key: number, row: Float64Array): void {
  const { places, keys, part } = table;
  if (places[place] === 0) places[place] = ++table.used;
  const at = ((places[place] as number) - 1) * part.columns.length;
  if (at + part.columns.length > table.rows.length) table.rows = enlarged(table.rows, new Float64Array(2 * table.rows.length));
  table.rows.set(row, at);
  keys[place] = key;
}
