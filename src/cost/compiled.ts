import type { Operator, OperatorGroup } from '../model/operator.ts';
import type { InstanceBatch, StepCost, StepPricer } from './batch.ts';
import { driversOf, nothingDriver, type Driver, type Kind } from './drivers.ts';
import type { Price } from './price.ts';
import type { PlannedGroup } from './priced-group.ts';
import { chunkedLayers, expose, type ChunkedLayers } from './exposure.ts';
import { addBusy, stageCount, stepCostOf, sumCount } from './step-sums.ts';

/** A pricer whose steps are priced operator by operator. */
export interface CompilablePricer extends StepPricer {
  /** The groups of a step before they are priced. */
  plan(batch: InstanceBatch): readonly PlannedGroup[];
  /** Prices of some operators of a group, by their places in it, without what they add to its waits (`drift`). */
  prices(planned: PlannedGroup, places: readonly number[]): readonly Price[];
  /** The groups of a step with nothing but what looks at contexts and at single sequences. */
  cores(batch: InstanceBatch): readonly OperatorGroup[];
  /** Price of such an operator at a place of a group that was planned for another batch. */
  priceAt(planned: PlannedGroup, place: number, operator: Operator): Price;
}

/**
 * A row begins with the sums of a step, which of stages and the host are those of plain groups; then comes what each stage of a pipeline has and what
 * lies between them; times in chunks of scheduled groups follow.
 */
const head: number = sumCount;

/** Operators of one group that depend on one driver. */
interface Share {
  readonly group: number;
  /** Shares of the group in the places of a pipeline; empty where there is none. */
  readonly placed: readonly number[];
  readonly places: readonly number[];
  /** The places of the same operators among the cores of the group; absent where some are none. */
  readonly cores?: readonly number[] | undefined;
  /** Where in a row the time of each goes: its stage, or its chunk behind the head. */
  readonly into: readonly number[];
  /** Where what it adds to a wait goes, and what share of its time that is; where what it draws of the memory goes. Negative: nowhere. */
  readonly waits: readonly number[];
  readonly shares: readonly number[];
  readonly memory: readonly number[];
}

/** What one driver decides of a step. */
export interface Part {
  readonly driver: Driver | undefined;
  /** Whether it has nothing but cores. */
  readonly cores: boolean;
  readonly shares: readonly Share[];
  /** Places in `times` of the chunks and runs that it has a part in, behind the head of a row. */
  readonly slots: Int32Array;
  readonly width: number;
  /** Where times of plain groups, busy times, what stages of a pipeline have, and times of chunks end. */
  readonly ends: readonly number[];
}

/** A group of several microbatches, which is scheduled when its times are known. */
interface Scheduled {
  readonly layers: ChunkedLayers;
  /** Its first chunk in `times`. */
  readonly from: number;
}

/** How the steps of one kind of batches come apart. */
export interface Compiled {
  readonly parts: readonly Part[];
  /** Stages of a pipeline; 0 where there is none. */
  readonly pipeline: number;
  readonly scheduled: readonly Scheduled[];
  /** Of all scheduled groups, one after another: times of the chunks, then what runs draw of the memory. */
  readonly times: Float64Array;
  /** Places in `times` of the chunk and of the run of each operator of each scheduled group; absent for groups that are not scheduled. */
  readonly placesOf: readonly (Places | undefined)[];
  /** What is the same in every step: operators that depend on nothing, and what no operator accounts for, gaps of the host; and their part of `times`. */
  readonly constant: Float64Array;
  readonly constantTimes: Float64Array;
  /** A step of the kind. */
  readonly plan: readonly PlannedGroup[];
  readonly signature: Signature;
}

interface Places {
  readonly chunk: Int32Array;
  readonly run: Int32Array;
}

type Signature = readonly { readonly name: string; readonly operators: readonly string[]; readonly streamOf: Int32Array }[];

/** Relative difference up to which parts put together are taken for the whole. */
const same = 1e-9;

/**
 * Finds out which operators of a step depend on which sums of the batch, by comparing the operators of batches that agree in them and in
 * nothing else. Undefined where the parts put together are not the step: such steps are priced whole.
 */
export function compile(pricer: CompilablePricer, kind: Kind, queryTokens: number): Compiled | undefined {
  const drivers = driversOf(kind, queryTokens);
  const [first] = drivers;
  if (first === undefined) return undefined;
  const probes = first.pairs.flat();
  const plan = pricer.plan(probes[0] as InstanceBatch);
  const expected = signature(plan);
  const known = new Map<InstanceBatch, readonly string[] | undefined>();
  const texts = (batch: InstanceBatch): readonly string[] | undefined => {
    if (!known.has(batch)) known.set(batch, textsOf(pricer.plan(batch), expected));
    return known.get(batch);
  };
  const driverOf: number[] = plan.flatMap(({ group }) => group.operators.map(() => drivers.length));
  for (let d = drivers.length - 1; d >= 0; d--) {
    const explained = driverOf.map(() => true);
    for (const [a, b] of drivers[d]?.pairs ?? []) {
      const [left, right] = [texts(a), texts(b)];
      if (left === undefined || right === undefined) return undefined;
      for (let i = 0; i < explained.length; i++) if (left[i] !== right[i]) explained[i] = false;
    }
    for (let i = 0; i < explained.length; i++) if (explained[i] === true) driverOf[i] = d;
  }
  const { scheduled, times, placesOf } = schedules(plan);
  const pipeline = Math.max(0, ...plan.map(({ group }) => group.placed?.length ?? 0));
  const cores = pricer.cores(probes[0] as InstanceBatch);
  const parts = [...drivers, undefined].flatMap((driver, d) => partOf(plan, cores, driver, d, driverOf, placesOf, pipeline));
  const [constant, constantTimes] = [new Float64Array(fixedOf(pipeline)), new Float64Array(times.length)];
  const compiled: Compiled = { parts, pipeline, scheduled, times, placesOf, constant, constantTimes, plan, signature: expected };
  return settled(pricer, compiled, probes) ? withoutNothing(pricer, compiled) : undefined;
}

/** Everything about each operator of a step; undefined for a step that is not of the kind. */
function textsOf(plan: readonly PlannedGroup[], expected: Signature): readonly string[] | undefined {
  if (!matches(plan, expected)) return undefined;
  return plan.flatMap(({ group: { operators }, halves }) => operators.map((operator, i) => JSON.stringify([operator, halves?.[i]?.map((j) => operators[j])])));
}

/** Puts what depends on nothing with the constants. */
function withoutNothing(pricer: CompilablePricer, compiled: Compiled): Compiled {
  const { constant, constantTimes, times, plan } = compiled;
  const nothing = compiled.parts.find(({ driver }) => driver?.name === nothingDriver);
  const row = nothing === undefined ? undefined : rowOf(pricer, compiled, nothing, plan);
  if (nothing === undefined || row === undefined) return compiled;
  times.fill(0);
  addRow(compiled, nothing, constant, row, 0);
  constantTimes.set(times);
  return { ...compiled, parts: compiled.parts.filter((part) => part !== nothing) };
}

/** Entries of a row in front of the chunks. */
function fixedOf(pipeline: number): number {
  return head + (pipeline === 0 ? 0 : pipeline + 1);
}

/** Finds the constant, and whether it is one. */
function settled(pricer: CompilablePricer, compiled: Compiled, probes: readonly InstanceBatch[]): boolean {
  const { constant } = compiled;
  let known = false;
  for (const batch of probes) {
    const exact = pricer.cost(batch);
    const sums = new Float64Array(constant.length);
    compiled.times.fill(0);
    const plan = pricer.plan(batch);
    for (const part of compiled.parts) {
      const row = rowOf(pricer, compiled, part, plan);
      if (row === undefined) return false;
      addRow(compiled, part, sums, row, 0);
    }
    const own = finish(compiled, sums);
    const rest = [...exact.stages.map((time, i) => time - (own.stages[i] ?? 0)), ...exact.busy.map((time, i) => time - (own.busy[i] ?? 0))];
    if (!known) constant.set(rest.map((time) => (Math.abs(time) <= same * exact.time ? 0 : time)));
    known = true;
    if (rest.some((time, i) => !(Math.abs(time - (constant[i] ?? 0)) <= same * exact.time))) return false;
  }
  return true;
}

/** Name and stream of every operator of a step in order: equal for all batches of a kind. */
function signature(plan: readonly PlannedGroup[]): Signature {
  return plan.map(({ group, streamOf }) => ({ name: group.name, operators: group.operators.map(({ name }) => name), streamOf }));
}

function matches(plan: readonly PlannedGroup[], of: Signature): boolean {
  if (plan.length !== of.length) return false;
  for (let g = 0; g < plan.length; g++) {
    const { group, streamOf } = plan[g] as PlannedGroup;
    const { name, operators, streamOf: streams } = of[g] as Signature[number];
    if (group.name !== name || group.operators.length !== operators.length || streamOf.length !== streams.length) return false;
    for (let i = 0; i < operators.length; i++) if ((group.operators[i] as Operator).name !== operators[i]) return false;
    if (streamOf !== streams) for (let i = 0; i < streams.length; i++) if (streamOf[i] !== streams[i]) return false;
  }
  return true;
}

function schedules(plan: readonly PlannedGroup[]): Pick<Compiled, 'scheduled' | 'times' | 'placesOf'> {
  const scheduled: Scheduled[] = [];
  const placesOf: (Places | undefined)[] = [];
  let from = 0;
  for (const { stageOf, runs, overlap } of plan) {
    if (runs === undefined || overlap === undefined) {
      placesOf.push(undefined);
      continue;
    }
    const { layers, chunkOf } = chunkedLayers(runs, stageOf, overlap);
    const { runOf } = layers;
    const first = from;
    placesOf.push({
      chunk: Int32Array.from(chunkOf, (chunk) => first + chunk),
      run: Int32Array.from(chunkOf, (chunk) => first + runOf.length + (runOf[chunk] ?? 0)),
    });
    scheduled.push({ layers, from });
    from += runOf.length + layers.overlap.times.length;
  }
  return { scheduled, times: new Float64Array(from), placesOf };
}

function partOf(
  plan: readonly PlannedGroup[],
  coreGroups: readonly OperatorGroup[],
  driver: Driver | undefined,
  index: number,
  driverOf: readonly number[],
  placesOf: Compiled['placesOf'],
  pipeline: number,
): readonly Part[] {
  const fixed = fixedOf(pipeline);
  const shares: Share[] = [];
  const slots: number[] = [];
  const slotOf = (place: number): number => {
    if (!slots.includes(place)) slots.push(place);
    return fixed + slots.indexOf(place);
  };
  let at = 0;
  for (const [g, { group, stageOf, drift }] of plan.entries()) {
    const places = group.operators.map((_, i) => i).filter((i) => driverOf[at + i] === index);
    at += group.operators.length;
    if (places.length === 0) continue;
    const scheduled = placesOf[g];
    const cores = coresAt(group.operators, coreGroups[g]?.operators ?? [], places);
    const timeOf = (i: number): number => (scheduled === undefined ? (stageOf[i] ?? 0) : slotOf(scheduled.chunk[i] ?? 0));
    shares.push({
      group: g,
      placed: pipeline === 0 ? [] : [...(group.placed ?? Array.from({ length: pipeline }, () => 0)), group.placed === undefined ? 1 : 0],
      places,
      cores,
      into: places.map(timeOf),
      waits: places.map((i) => ((drift.at[i] ?? -1) < 0 ? -1 : timeOf(drift.at[i] ?? 0))),
      shares: places.map((i) => drift.share[i] ?? 0),
      memory: places.map((i) => (scheduled === undefined ? -1 : slotOf(scheduled.run[i] ?? 0))),
    });
  }
  if (shares.length === 0) return [];
  const cores = shares.every((share) => share.cores !== undefined);
  const width = fixed + slots.length;
  return [{ driver, cores, shares, slots: Int32Array.from(slots), width, ends: [stageCount, sumCount, fixed, width] }];
}

/** Where operators at some places stand among the cores of their group, which may have several of one name; undefined where one is none. */
function coresAt(operators: readonly Operator[], cores: readonly Operator[], places: readonly number[]): readonly number[] | undefined {
  const found = places.map((place) => {
    const name = operators[place]?.name;
    const before = operators.slice(0, place).filter((other) => other.name === name).length;
    return cores.map((_, i) => i).filter((i) => cores[i]?.name === name)[before] ?? -1;
  });
  return found.includes(-1) ? undefined : found;
}

/** What a part comes to in one step; undefined for a step whose operators are not those of the kind. */
export function rowOf(pricer: CompilablePricer, { signature: expected }: Compiled, part: Part, plan: readonly PlannedGroup[]): Float64Array | undefined {
  if (!matches(plan, expected)) return undefined;
  const row = new Float64Array(part.width);
  for (const share of part.shares) {
    const planned = plan[share.group] as PlannedGroup;
    const prices = pricer.prices(planned, share.places);
    for (let i = 0; i < prices.length; i++) addPrice(row, share, i, prices[i] as Price, planned, planned.group);
  }
  return row;
}

/** The same of a part that has nothing but cores, of which no others are looked at. Written to a row. */
export function fillCores(pricer: CompilablePricer, { plan }: Compiled, part: Part, batch: InstanceBatch, row: Float64Array): boolean {
  const groups = pricer.cores(batch);
  if (groups.length !== plan.length) return false;
  for (let i = 0; i < row.length; i++) row[i] = 0;
  for (const share of part.shares) {
    const planned = plan[share.group] as PlannedGroup;
    const group = groups[share.group] as OperatorGroup;
    const cores = share.cores as readonly number[];
    for (let i = 0; i < cores.length; i++) {
      const place = share.places[i] as number;
      const operator = group.operators[cores[i] as number];
      if (operator === undefined || operator.name !== (planned.group.operators[place] as Operator).name) return false;
      addPrice(row, share, i, pricer.priceAt(planned, place, operator), planned, group);
    }
  }
  return true;
}

/** Adds the price of one operator of a share. */
function addPrice(row: Float64Array, share: Share, i: number, price: Price, { runs, busy }: PlannedGroup, { count, microbatches }: OperatorGroup): void {
  const { placed } = share;
  const launches = runs === undefined ? count : 1;
  const place = share.into[i] as number;
  row[place] = (row[place] as number) + launches * price.time;
  const wait = share.waits[i] as number;
  if (wait >= 0) row[wait] = (row[wait] as number) + (share.shares[i] as number) * launches * price.time;
  const whole = launches * price.time * (wait >= 0 ? 1 + (share.shares[i] as number) : 1);
  for (let p = 0; p < placed.length; p++) row[head + p] = (row[head + p] as number) + whole * (placed[p] as number);
  const drawn = share.memory[i] as number;
  if (drawn >= 0) row[drawn] = (row[drawn] as number) + price.memory;
  addBusy(row, count * microbatches * (busy?.[share.places[i] as number] ?? 1), price);
}

/** Adds the row at `at` of `rows` to the sums, and the times of scheduled operators to those of their chunks. */
export function addRow({ times, constant }: Compiled, { slots }: Part, sums: Float64Array, rows: Float64Array, at: number): void {
  const fixed = constant.length;
  for (let i = 0; i < fixed; i++) sums[i] = (sums[i] as number) + (rows[at + i] as number);
  const chunks = at + fixed;
  for (let i = 0; i < slots.length; i++) {
    const slot = slots[i] as number;
    times[slot] = (times[slot] as number) + (rows[chunks + i] as number);
  }
}

/** The same for what lies at a share of the way along a line: its start, then its rise. */
export function addAlong({ times, constant }: Compiled, { slots, width }: Part, sums: Float64Array, line: Float64Array, share: number): void {
  const fixed = constant.length;
  for (let i = 0; i < fixed; i++) sums[i] = (sums[i] as number) + ((line[i] as number) + (line[width + i] as number) * share);
  for (let i = 0; i < slots.length; i++) {
    const slot = slots[i] as number;
    times[slot] = (times[slot] as number) + ((line[fixed + i] as number) + (line[width + fixed + i] as number) * share);
  }
}

/** The step, when all rows have been added to the constant. */
export function finish({ scheduled, times, pipeline }: Compiled, sums: Float64Array): StepCost {
  for (let g = 0; g < scheduled.length; g++) {
    const { layers, from } = scheduled[g] as Scheduled;
    expose(layers, times, from, sums);
  }
  if (pipeline === 0) return stepCostOf(sums, undefined);
  const stages = Array.from({ length: pipeline }, (_, stage) => sums[head + stage] as number);
  return stepCostOf(sums, { stages, send: (sums[head + pipeline] as number) / (pipeline - 1), host: sums[stageCount - 1] as number });
}
