import { expectedOneOf } from '../../src/base/nearest.ts';
import { formatQuantity } from '../../src/base/quantity.ts';
import { numberFormats, type NumberFormat } from '../../src/catalogue/format.ts';
import type { Machine } from '../../src/catalogue/machine.ts';
import type { Stack } from '../../src/catalogue/stack.ts';
import { InputError } from '../../src/base/errors.ts';
import type { LoadReport, StepBatch, StepRequest } from '../../src/report/step/request.ts';
import { settingIssues, type StepSetting } from '../../src/cost/check.ts';
import { memoryBudget, type MemoryBudget } from '../../src/cost/memory.ts';
import { kvBytesOfSequence } from '../../src/model/kv.ts';
import { instanceDies, type ExpertLoad } from '../../src/model/layout.ts';
import type { Model } from '../../src/model/model.ts';
import { precisionOf, statedUnder } from '../../src/model/precision.ts';
import type { PoolFile } from '../scenario/file.ts';
import { layoutOf } from '../scenario/layout.ts';
import { Problems } from '../scenario/problems.ts';
import { batchOf, checkSizes } from './batch.ts';
import { placements } from '../../src/model/placement/placed.ts';
import { loadReport, popularityOf, whereOf, type Popularity } from './expert-load.ts';
import { draftOf, mtpOf } from './draft.ts';
import { onFlags, type StepFlags } from './flags.ts';
import { wholeNumber } from './number.ts';

/** What the shell found by name or path; undefined where that failed, with the issues in `problems`. */
export interface StepContext {
  readonly machine: Machine | undefined;
  readonly model: Model | undefined;
  readonly stack: Stack | undefined;
  /** The one that `--draft-model` names. */
  readonly draftModel?: Model | undefined;
  /** Of the files that `--expert-load` and `--expert-placement` name, by name. */
  readonly texts?: ReadonlyMap<string, string> | undefined;
}

const phases = ['prefill', 'decode'] as const;
const exchanges = ['all-gather', 'ring'] as const;

/**
 * The iteration that flags describe.
 * @throws InputError with every problem of the flags, and with what does not fit
 */
export function readStepFlags(flags: StepFlags, { machine, model, stack, texts = new Map(), draftModel }: StepContext, problems: Problems): StepRequest {
  const phase = phases.find((name) => name === flags.phase);
  if (phase === undefined)
    problems.add(
      '--phase',
      flags.phase === undefined
        ? 'expected prefill, with --tokens and --prompt, or decode, with --batch and --context, got nothing'
        : expectedOneOf(flags.phase, phases),
    );
  const stated = {
    weights: format(flags.weights, '--weights', problems),
    experts: format(flags.expertWeights, '--expert-weights', problems),
    activations: format(flags.activations, '--activations', problems),
    kv: format(flags.kv, '--kv', problems),
  };
  const formats = machine === undefined || model === undefined || stack === undefined ? stated : statedUnder(stated, model, stack, machine.chip);
  const pool = poolOf(flags, model, problems);
  const inner = new Problems('');
  const precision = model === undefined ? undefined : precisionOf(model, formats);
  const drafts = { models: new Map(flags.draftModel === undefined || draftModel === undefined ? [] : [[flags.draftModel, draftModel]]), precision };
  const { layout, acceptance } = layoutOf(pool, '', { machine, model, problems: inner, drafts });
  const sizes = [flags.npus, flags.gpus, flags.chips, flags.dies].filter((size) => size !== undefined);
  // Of one size that is no number it is said that it is none, not that there is none.
  const told = inner.issues.filter(({ path }) => path !== '' || sizes.length !== 1);
  for (const { path, message } of onFlags(told)) problems.add(path, message);
  if (phase !== undefined) checkSizes(flags, phase, problems);
  const step = phase === undefined || layout === undefined || machine === undefined ? undefined : batchOf(flags, phase, layout, machine, problems);
  if (machine === undefined || model === undefined || stack === undefined || layout === undefined || phase === undefined) throw new InputError(problems.issues);
  const given: StepSetting = { machine, model, precision: precisionOf(model, formats), layout, stack, role: phase };
  for (const { path, message } of onFlags(settingIssues(given))) problems.add(path, message);
  const load = popularityFlags(flags, model, texts, problems);
  problems.throwIfAny();
  if (step === undefined) throw new InputError(problems.issues);
  const expertLoad = load === undefined ? undefined : reportOf(load, given, step, texts, problems);
  problems.throwIfAny();
  const setting = expertLoad === undefined ? given : withSkew(given, expertLoad.imbalance);
  const { rank } = step.batch;
  const memory = memoryBudget({
    machine,
    model,
    precision: setting.precision,
    layout,
    stack,
    maxBatchTokens: rank.decodeSequences * rank.queryTokens + rank.prefillTokens,
    maxSequences: rank.decodeSequences + rank.prefillSequences,
  });
  const kvInUse = checkKv(setting, step, memory);
  return { ...step, setting, phase, chips: instanceDies(layout) / machine.chip.dies, memory, kvInUse, acceptance, emitted: emittedBy(acceptance), expertLoad };
}

interface LoadFlags {
  readonly popularity: Popularity;
  readonly placement: string;
}

function popularityFlags(flags: StepFlags, model: Model, texts: ReadonlyMap<string, string>, problems: Problems): LoadFlags | undefined {
  const { expertLoad, expertPlacement: placement = 'contiguous', expertSkew, expertWhere } = flags;
  if (expertLoad === undefined) {
    if (flags.expertPlacement !== undefined) problems.add('--expert-placement', 'needs --expert-load, which says how popular experts are');
    if (expertWhere !== undefined) problems.add('--expert-where', 'needs --expert-load, whose lines it picks');
    return undefined;
  }
  if (expertSkew !== undefined) problems.add('--expert-load', 'gives what --expert-skew states; expected one of the two');
  if (!model.groups.some(({ feedForward }) => feedForward.kind === 'experts')) problems.add('--expert-load', `${model.name} has no experts`);
  if (!placements.some((name) => name === placement) && !texts.has(placement)) problems.add('--expert-placement', expectedOneOf(placement, placements));
  const popularity = popularityOf(expertLoad, texts.get(expertLoad), whereOf(expertWhere, problems), problems);
  if (popularity?.kind === 'ranks' && flags.expertPlacement !== undefined)
    problems.add('--expert-placement', 'a table says what ranks got as experts were placed; leave it out');
  return popularity === undefined ? undefined : { popularity, placement };
}

function reportOf(
  { popularity, placement }: LoadFlags,
  { machine, model, layout }: StepSetting,
  { batch }: StepBatch,
  texts: ReadonlyMap<string, string>,
  problems: Problems,
): LoadReport | undefined {
  const { experts, dies, pipeline, microbatches } = layout;
  const share = experts.apart === true ? 1 : (experts.parallel * pipeline) / dies;
  const tokens = (batch.instanceTokens * share) / microbatches;
  return loadReport(popularity, placement, { model, layout, machine, tokens, texts }, problems);
}

function withSkew(setting: StepSetting, skew: number): StepSetting {
  const { layout } = setting;
  return { ...setting, layout: { ...layout, experts: { ...layout.experts, load: { kind: 'skew', skew } } } };
}

/** 1 + the chance of the first draft + that of the first two ... */
function emittedBy(acceptance: readonly number[]): number {
  let chance = 1;
  let emitted = 1;
  for (const next of acceptance) {
    chance *= next;
    emitted += chance;
  }
  return emitted;
}

function format(typed: string | undefined, flag: string, problems: Problems): NumberFormat | undefined {
  const found = numberFormats.find((name) => name === typed);
  if (typed !== undefined && found === undefined) problems.add(flag, expectedOneOf(typed, numberFormats));
  return found;
}

/** The flags as the deployment of one instance. */
function poolOf(flags: StepFlags, model: Model | undefined, problems: Problems): PoolFile {
  const number = (typed: string | undefined, flag: string, least = 1): number | undefined => wholeNumber(typed, flag, least, problems);
  const sizes = {
    npus: number(flags.npus, '--npus'),
    gpus: number(flags.gpus, '--gpus'),
    chips: number(flags.chips, '--chips'),
    dies: number(flags.dies, '--dies'),
  };
  const tensor = number(flags.tensor, '--tensor');
  const attention = flags.attention ?? 'tensor';
  if (attention !== 'tensor' && attention !== 'sp-tp-sp') problems.add('--attention', expectedOneOf(attention, ['tensor', 'sp-tp-sp']));
  const exchange = exchanges.find((name) => name === flags.contextExchange);
  if (flags.contextExchange !== undefined && exchange === undefined) problems.add('--context-exchange', expectedOneOf(flags.contextExchange, exchanges));
  const microbatches = number(flags.microbatches, '--microbatches');
  const mostParts = flags.expertsApart === true ? 4 : 2;
  if (microbatches !== undefined && microbatches > mostParts)
    problems.add('--microbatches', `expected 1 ${mostParts === 2 ? 'or' : 'to'} ${mostParts}, got ${microbatches}`);
  const experts = {
    parallel: number(flags.expertParallel, '--expert-parallel'),
    shared: number(flags.sharedDies, '--shared-dies', 0),
    redundant: number(flags.redundant, '--redundant', 0),
    apart: flags.expertsApart,
    load: loadOf(flags.expertSkew, problems),
  };
  const asked = flags.expertParallel ?? flags.sharedDies ?? flags.redundant ?? flags.expertSkew ?? flags.expertsApart;
  const has = model?.groups.some(({ feedForward }) => feedForward.kind === 'experts') === true;
  const mtp = flags.mtp === undefined ? undefined : mtpOf(flags.mtp, problems);
  const draft = draftOf(flags, problems);
  const given = {
    ...sizes,
    tensor,
    pipeline: number(flags.pipeline, '--pipeline'),
    'context-parallel': number(flags.contextParallel, '--context-parallel'),
    'context-exchange': exchange,
    'decode-context-parallel': number(flags.decodeContextParallel, '--decode-context-parallel'),
    attention: attention === 'sp-tp-sp' ? 'sp-tp-sp' : 'tensor',
    microbatches,
    experts: has || asked !== undefined ? defined(experts) : undefined,
    mtp,
    draft,
  };
  return defined(given) as PoolFile;
}

function defined<T extends object>(value: T): Partial<T> {
  return Object.fromEntries(Object.entries(value).filter(([, part]) => part !== undefined)) as Partial<T>;
}

function loadOf(typed: string | undefined, problems: Problems): ExpertLoad | undefined {
  if (typed === undefined) return undefined;
  if (typed === 'uniform') return { kind: 'uniform' };
  const skew = Number(typed);
  if (typed.trim() !== '' && Number.isFinite(skew) && skew >= 0) return { kind: 'skew', skew };
  problems.add('--expert-skew', `expected (slowest - mean) / mean such as 0.11, or "uniform", got "${typed}"`);
  return undefined;
}

/** @throws InputError when the KV of the batch does not fit */
function checkKv({ model, precision, layout }: StepSetting, { batch, context }: StepBatch, memory: MemoryBudget): number {
  const { rank } = batch;
  const there = kvBytesThere(memory);
  const sequences = (rank.decodeSequences + rank.prefillTokens / context) * layout.pipeline;
  const each = kvBytesOfSequence(model, precision, layout, context);
  const needed = sequences * each;
  if (needed <= there) return needed;
  const most = Math.floor(there / each);
  const flag = rank.decodeSequences > 0 ? '--batch' : '--tokens';
  throw new InputError([
    {
      path: flag,
      message: `the KV of ${sequences.toLocaleString('en-US')} sequences of ${context.toLocaleString('en-US')} tokens needs ${formatQuantity(needed, 'B')} per die, ${formatQuantity(there, 'B')} there: at most ${most} per rank fit`,
    },
  ]);
}

/** Room for KV on a die. [B] */
function kvBytesThere({ kvBlocks, blockTokens, kvBytesPerToken }: MemoryBudget): number {
  return kvBlocks * blockTokens * kvBytesPerToken;
}

/** Sequences of so many tokens whose KV a data-parallel rank has room for. */
export function sequencesThatFit({ model, precision, layout }: StepSetting, memory: MemoryBudget, context: number): number {
  return Math.floor(kvBytesThere(memory) / kvBytesOfSequence(model, precision, layout, context));
}
