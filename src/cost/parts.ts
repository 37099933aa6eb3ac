import { clear } from '../kernel/clear.ts';
import type { Operator } from '../model/operator.ts';
import type { InstanceBatch } from './batch.ts';
import { matches, type CompilablePricer, type Signature } from './compilable.ts';
import type { Driver } from './drivers.ts';
import type { Price } from './price.ts';
import type { PlannedGroup } from './priced-group.ts';
import { stageCount, sumCount } from './step-sums.ts';

/** Operators of one group that depend on one driver. */
interface Share {
  readonly group: number;
  /** Shares of the group in the places of a pipeline; empty where there is none. */
  readonly placed: readonly number[];
  readonly places: readonly number[];
  /** What each of them is of the works of the part. */
  readonly works: readonly number[];
  /** Where in a row the time of each goes. */
  readonly into: readonly number[];
  /** Where what it adds to a wait goes, and what share of its time that is; where what it draws of the memory goes. Negative: nowhere. */
  readonly waits: readonly number[];
  readonly shares: readonly number[];
  readonly memory: readonly number[];
}

/** An operator at its place in a group, which some others are the same as in every step; its place among the cores of the group, -1 for none. */
interface Work {
  readonly group: number;
  readonly place: number;
  readonly core: number;
}

/** The cores of a step of the kind by groups, without and with what expands in front of them, and of each group the first one that always has the same. */
export interface Cores {
  readonly alone: readonly (readonly Operator[])[];
  readonly all: readonly (readonly Operator[])[];
  readonly like: readonly number[];
}

/** What one driver decides of a step. */
export interface Part {
  readonly driver: Driver | undefined;
  /** Its different operators, group by group, and working memory: their prices. */
  readonly works: readonly Work[];
  readonly prices: Price[];
  /** Whether all of them are cores, and whether there are some that expand keys and values. */
  readonly cores: boolean;
  readonly expands: boolean;
  readonly shares: readonly Share[];
  /** Where each entry of a row belongs in the sums, ascending. */
  readonly columns: Int32Array;
  /** Entries of the busy times of each engine, and of the stages of a pipeline. */
  readonly busy: readonly number[];
  readonly pipeline: number;
  /** Where times of plain groups, busy times, what stages of a pipeline have, and times of chunks end in a row. */
  readonly ends: readonly number[];
}

/**
 * Where things are in the sums of a step: time of each stage and of the host, without those of scheduled groups until these are laid out; busy times;
 * what each stage of a pipeline has and what lies between them; behind these the times of chunks of scheduled groups, and what their runs draw.
 */
export interface Places {
  /** Stages of a pipeline; 0 where there is none. */
  readonly pipeline: number;
  /** Of the chunk and of the run of each operator of each group; absent for groups that are not scheduled. */
  readonly scheduled: readonly ({ readonly chunk: Int32Array; readonly run: Int32Array } | undefined)[];
}

/** Entries of the sums in front of the chunks. */
export function fixedOf(pipeline: number): number {
  return sumCount + (pipeline === 0 ? 0 : pipeline + 1);
}

/** The operators that `mine` picks out of a step by their places among all of them; undefined where there are none. */
export function partOf(
  plan: readonly PlannedGroup[],
  cores: Cores,
  driver: Driver | undefined,
  mine: (place: number) => boolean,
  { pipeline, scheduled }: Places,
): Part | undefined {
  const fixed = fixedOf(pipeline);
  const before = plan.map((_, g) => plan.slice(0, g).reduce((sum, { group }) => sum + group.operators.length, 0));
  const picked = plan.map(({ group }, g) => group.operators.map((_, i) => i).filter((i) => mine((before[g] ?? 0) + i)));
  const timeOf = (g: number, i: number): number => scheduled[g]?.chunk[i] ?? plan[g]?.stageOf[i] ?? 0;
  const waitOf = (g: number, i: number): number => plan[g]?.drift.at[i] ?? -1;
  const used = new Set(Array.from({ length: fixed - stageCount }, (_, i) => stageCount + i));
  for (const [g, places] of picked.entries())
    for (const i of places) {
      used.add(timeOf(g, i));
      if (waitOf(g, i) >= 0) used.add(timeOf(g, waitOf(g, i)));
      const run = scheduled[g]?.run[i];
      if (run !== undefined) used.add(run);
    }
  const columns = Int32Array.from(used).toSorted();
  const expands = picked.some((places, g) => places.some((place) => coreAt(plan, cores.alone, g, place) < 0));
  const works: Work[] = [];
  const workOf = (group: number, place: number): number => {
    const core = coreAt(plan, expands ? cores.all : cores.alone, group, place);
    const known = works.findIndex(
      (other) =>
        launchedAlike(plan, other, group, place) &&
        (core < 0 || other.core < 0
          ? plan[other.group]?.group.operators[other.place] === plan[group]?.group.operators[place]
          : other.core === core && cores.like[other.group] === cores.like[group]),
    );
    return known >= 0 ? known : works.push({ group, place, core }) - 1;
  };
  const shares = picked.flatMap((places, g): Share[] => {
    const { group, drift } = plan[g] as PlannedGroup;
    if (places.length === 0) return [];
    return [
      {
        group: g,
        placed: pipeline === 0 ? [] : [...(group.placed ?? Array.from({ length: pipeline }, () => 0)), group.placed === undefined ? 1 : 0],
        places,
        works: places.map((i) => workOf(g, i)),
        into: places.map((i) => columns.indexOf(timeOf(g, i))),
        waits: places.map((i) => (waitOf(g, i) < 0 ? -1 : columns.indexOf(timeOf(g, waitOf(g, i))))),
        shares: places.map((i) => drift.share[i] ?? 0),
        memory: places.map((i) => columns.indexOf(scheduled[g]?.run[i] ?? -1)),
      },
    ];
  });
  if (shares.length === 0) return undefined;
  return {
    driver,
    works,
    prices: [],
    cores: works.every(({ core }) => core >= 0),
    expands,
    shares,
    columns,
    busy: Array.from({ length: sumCount - stageCount }, (_, engine) => columns.indexOf(stageCount + engine)),
    pipeline: columns.indexOf(sumCount),
    ends: [stageCount, sumCount, fixed, Infinity].map((end) => columns.filter((column) => column < end).length),
  };
}

/** Where an operator stands among the cores of its group, which may have several of one name; -1 for one that is none. */
function coreAt(plan: readonly PlannedGroup[], cores: readonly (readonly Operator[])[], g: number, place: number): number {
  const operators = plan[g]?.group.operators ?? [];
  const name = operators[place]?.name;
  const earlier = operators.slice(0, place).filter((other) => other.name === name).length;
  const own = cores[g] ?? [];
  return own.map((_, i) => i).filter((i) => own[i]?.name === name)[earlier] ?? -1;
}

/** Whether an operator at a place of a group is launched as a work is. */
function launchedAlike(plan: readonly PlannedGroup[], work: Work, g: number, place: number): boolean {
  const [one, other] = [plan[work.group], plan[g]];
  return one?.shares[work.place] === other?.shares[place] && Object.is(one?.floors[work.place], other?.floors[place]);
}

/** What a part comes to in one step; undefined for a step whose operators are not those of the kind. */
export function rowOf(pricer: CompilablePricer, signature: Signature, part: Part, plan: readonly PlannedGroup[]): Float64Array | undefined {
  if (!matches(plan, signature)) return undefined;
  const { works, prices } = part;
  for (let w = 0; w < works.length; w++) {
    const { group, place } = works[w] as Work;
    prices[w] = pricer.priceOf(plan[group] as PlannedGroup, place);
  }
  const row = new Float64Array(part.columns.length);
  addPrices(row, part, plan);
  return row;
}

/** The same of a part that has nothing but cores, of which no others are looked at. `plan`: of a step of the kind. Written to a row; false for another kind. */
export function fillCores(pricer: CompilablePricer, plan: readonly PlannedGroup[], part: Part, batch: InstanceBatch, row: Float64Array): boolean {
  if (!part.cores) return false;
  const { works, prices, expands } = part;
  let core: ReturnType<CompilablePricer['cores']['of']> | undefined;
  for (let w = 0, of = -1; w < works.length; w++) {
    const { group, place, core: at } = works[w] as Work;
    if (core === undefined || group !== of) core = pricer.cores.of(batch, (of = group), expands);
    const planned = plan[group] as PlannedGroup;
    const operator = core.operators[at];
    if (operator === undefined || operator.name !== (planned.group.operators[place] as Operator).name) return false;
    if (core.microbatches !== planned.group.microbatches) return false;
    prices[w] = pricer.priceAt(planned, place, operator);
  }
  clear(row);
  addPrices(row, part, plan);
  return true;
}

/** Adds the prices of the works of a part to a row, each wherever it stands in a step. */
function addPrices(row: Float64Array, part: Part, plan: readonly PlannedGroup[]): void {
  const { shares, prices } = part;
  for (let s = 0; s < shares.length; s++) {
    const share = shares[s] as Share;
    for (let i = 0; i < share.works.length; i++) addPrice(row, part, share, i, prices[share.works[i] as number] as Price, plan[share.group] as PlannedGroup);
  }
}

/** Adds the price of one operator of a share. */
function addPrice(
  row: Float64Array,
  { busy, pipeline }: Part,
  { placed, into, waits, shares, memory, places }: Share,
  i: number,
  price: Price,
  planned: PlannedGroup,
): void {
  const { count, microbatches } = planned.group;
  const time = (planned.runs === undefined ? count : 1) * price.time;
  add(row, into[i] as number, time);
  const wait = waits[i] as number;
  if (wait >= 0) add(row, wait, (shares[i] as number) * time);
  const whole = time * (wait >= 0 ? 1 + (shares[i] as number) : 1);
  for (let p = 0; p < placed.length; p++) add(row, pipeline + p, whole * (placed[p] as number));
  const drawn = memory[i] as number;
  if (drawn >= 0) add(row, drawn, price.memory);
  const launches = count * microbatches * (planned.busy?.[places[i] as number] ?? 1);
  add(row, busy[0] as number, launches * price.matrix);
  add(row, busy[1] as number, launches * price.vector);
  add(row, busy[2] as number, launches * price.memory);
  add(row, busy[3] as number, launches * price.scaleUp);
  add(row, busy[4] as number, launches * price.scaleOut);
  add(row, busy[5] as number, launches * price.host);
}

function add(row: Float64Array, at: number, time: number): void {
  row[at] = (row[at] as number) + time;
}

/** Adds the row at `from` of `rows` to the sums. */
export function addRow({ columns }: Part, sums: Float64Array, rows: Float64Array, from: number): void {
  for (let i = 0; i < columns.length; i++) {
    const column = columns[i] as number;
    sums[column] = (sums[column] as number) + (rows[from + i] as number);
  }
}
