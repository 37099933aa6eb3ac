import type { Operator } from '../model/operator.ts';
import type { InstanceBatch, StepCost } from './batch.ts';
import { matches, signatureOf, type CompilablePricer, type Signature } from './compilable.ts';
import { driversOf, nothingDriver, type Kind } from './drivers.ts';
import { chunkedLayers, expose, type ChunkedLayers } from './exposure.ts';
import { addRow, fixedOf, partOf, rowOf, type Cores, type Part, type Places } from './parts.ts';
import type { PlannedGroup } from './priced-group.ts';
import { stageCount, stepCostOf, sumCount } from './step-sums.ts';

/** A group of several microbatches, which is scheduled when its times are known. */
interface Scheduled {
  readonly layers: ChunkedLayers;
  /** Its first chunk in the sums. */
  readonly from: number;
}

/** How the steps of one kind of batches come apart. */
export interface Compiled {
  readonly parts: readonly Part[];
  /** Stages of a pipeline; 0 where there is none. */
  readonly pipeline: number;
  readonly scheduled: readonly Scheduled[];
  /** What is the same in every step: operators that depend on nothing, and what no operator accounts for, gaps of the host. */
  readonly constant: Float64Array;
  /** A step of the kind. */
  readonly plan: readonly PlannedGroup[];
  readonly signature: Signature;
}

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
  const expected = signatureOf(plan);
  const known = new Map<InstanceBatch, readonly Launch[] | undefined>();
  const launches = (batch: InstanceBatch): readonly Launch[] | undefined => {
    if (!known.has(batch)) known.set(batch, launchesOf(pricer.plan(batch), expected));
    return known.get(batch);
  };
  const operators = plan.flatMap(({ group }) => group.operators);
  // Groups that share operators do so in every step.
  const firstOf = operators.map((operator) => operators.indexOf(operator));
  const driverOf: number[] = operators.map(() => drivers.length);
  for (const [d, { pairs }] of drivers.entries()) {
    const explained = driverOf.map((known) => known === drivers.length);
    for (const [a, b] of pairs) {
      const [left, right] = [launches(a), launches(b)];
      if (left === undefined || right === undefined) return undefined;
      for (const [i, first] of firstOf.entries()) explained[i] = explained[first] === true && (first < i || alike(left[i], right[i]));
    }
    for (let i = 0; i < explained.length; i++) if (explained[i] === true) driverOf[i] = d;
  }
  const pipeline = Math.max(0, ...plan.map(({ group }) => group.placed?.length ?? 0));
  const { scheduled, places, length } = schedules(plan, fixedOf(pipeline));
  const [alone = [], all = []] = [false, true].map((expands) => plan.map((_, g) => pricer.cores.of(probes[0] as InstanceBatch, g, expands).operators));
  const cores: Cores = { alone, all, like: pricer.cores.like };
  const parts = [...drivers, undefined].flatMap((driver, d) => {
    const part = partOf(plan, cores, driver, (place) => driverOf[place] === d, { pipeline, scheduled: places });
    return part === undefined ? [] : [part];
  });
  const compiled: Compiled = { parts, pipeline, scheduled, constant: new Float64Array(length), plan, signature: expected };
  return settled(pricer, compiled, probes) ? withoutNothing(pricer, compiled) : undefined;
}

/** An operator and those without whose time it is. */
type Launch = readonly (Operator | undefined)[];

/** Everything about each operator of a step; undefined for a step that is not of the kind. */
function launchesOf(plan: readonly PlannedGroup[], expected: Signature): readonly Launch[] | undefined {
  if (!matches(plan, expected)) return undefined;
  return plan.flatMap(({ group: { operators }, halves }) =>
    operators.map((operator, i): Launch => [operator, ...(halves?.[i] ?? []).map((j) => operators[j])]),
  );
}

/** Whether two records, or lists of them, say the same; what is absent is the same as undefined. */
function alike(a: unknown, b: unknown): boolean {
  if (a === b || Object.is(a, b)) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  const [one, other] = [a as Readonly<Record<string, unknown>>, b as Readonly<Record<string, unknown>>];
  for (const key in one) if (!alike(one[key], other[key])) return false;
  for (const key in other) if (other[key] !== undefined && one[key] === undefined) return false;
  return true;
}

/** Puts what depends on nothing with the constants. */
function withoutNothing(pricer: CompilablePricer, compiled: Compiled): Compiled {
  const { constant, plan, signature } = compiled;
  const nothing = compiled.parts.find(({ driver }) => driver?.name === nothingDriver);
  const row = nothing === undefined ? undefined : rowOf(pricer, signature, nothing, plan);
  if (nothing === undefined || row === undefined) return compiled;
  addRow(nothing, constant, row, 0);
  return { ...compiled, parts: compiled.parts.filter((part) => part !== nothing) };
}

/** Finds the constant, and whether it is one. */
function settled(pricer: CompilablePricer, compiled: Compiled, probes: readonly InstanceBatch[]): boolean {
  const { constant } = compiled;
  let known = false;
  for (const batch of probes) {
    const exact = pricer.cost(batch);
    const sums = new Float64Array(constant.length);
    const plan = pricer.plan(batch);
    for (const part of compiled.parts) {
      const row = rowOf(pricer, compiled.signature, part, plan);
      if (row === undefined) return false;
      addRow(part, sums, row, 0);
    }
    const own = finish(compiled, sums);
    const rest = [...exact.stages.map((time, i) => time - (own.stages[i] ?? 0)), ...exact.busy.map((time, i) => time - (own.busy[i] ?? 0))];
    if (!known) constant.set(rest.map((time) => (Math.abs(time) <= same * exact.time ? 0 : time)));
    known = true;
    if (rest.some((time, i) => !(Math.abs(time - (constant[i] ?? 0)) <= same * exact.time))) return false;
  }
  return true;
}

/** What is scheduled of a step, and where its times are in the sums, from `first`; their length with them. */
function schedules(plan: readonly PlannedGroup[], first: number): { scheduled: readonly Scheduled[]; places: Places['scheduled']; length: number } {
  const scheduled: Scheduled[] = [];
  let from = first;
  const places = plan.map(({ stageOf, runs, overlap }) => {
    if (runs === undefined || overlap === undefined) return undefined;
    const { layers, chunkOf } = chunkedLayers(runs, stageOf, overlap);
    const { runOf } = layers;
    const begin = from;
    scheduled.push({ layers, from });
    from += runOf.length + layers.overlap.times.length;
    return { chunk: Int32Array.from(chunkOf, (chunk) => begin + chunk), run: Int32Array.from(chunkOf, (chunk) => begin + runOf.length + (runOf[chunk] ?? 0)) };
  });
  return { scheduled, places, length: from };
}

/** The step, when all rows have been added to the constant; `old` is one that is no longer needed. */
export function finish({ scheduled, pipeline }: Compiled, sums: Float64Array, old?: StepCost): StepCost {
  for (let g = 0; g < scheduled.length; g++) {
    const { layers, from } = scheduled[g] as Scheduled;
    expose(layers, sums, from, sums);
  }
  if (pipeline === 0) return stepCostOf(sums, undefined, 0, old);
  const stages = Array.from({ length: pipeline }, (_, stage) => sums[sumCount + stage] as number);
  return stepCostOf(sums, { stages, send: (sums[sumCount + pipeline] as number) / (pipeline - 1), host: sums[stageCount - 1] as number }, 0, old);
}
