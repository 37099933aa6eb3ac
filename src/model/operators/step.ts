import { unreachable } from '../../base/errors.ts';
import { bytesPerElement } from '../../catalogue/format.ts';
import type { Attention } from '../attention.ts';
import type { InstanceBatch, RankBatch } from '../batch.ts';
import { draftModel, draftModule, layoutOfDrafter } from '../drafter.ts';
import type { Layout, Microbatches } from '../layout.ts';
import type { LayerGroup, Model, Precision } from '../model.ts';
import type { Operator, OperatorGroup, Stage } from '../operator.ts';
import { stageLayers } from '../pipeline.ts';
import { compressedAttention, compressedCore } from './compressed.ts';
import { draftInput, embedding, headAndSampling } from './ends.ts';
import { denseFeedForward, expertFeedForward, noFeedForward } from './feed-forward.ts';
import { groupedQueryAttention, groupedQueryCore } from './grouped-query.ts';
import { latentAttention, latentCore } from './latent.ts';
import { linear, norm, vector } from './linear.ts';
import { instanceOf, passOf, type Instance, type Pass, type KernelRules } from './pass.ts';
import { linearAttention, linearCore } from './recurrent.ts';

const mixing = { product: 'stream-weights', quantise: 'stream-quantise' };

/** Turns the batches of one instance into operators. */
export type StepBuilder = (batch: InstanceBatch) => OperatorGroup[];

/** What looks at contexts and at single sequences: the cores of attention, and searches for drafts. */
export interface CoreBuilder {
  /** Of each group of a step the first one that has the same in every step. Groups that only some steps have stand behind all others. */
  readonly like: readonly number[];
  /** What a group has of it, and how many microbatches it has. `expands`: with what expands keys and values in front of the cores. */
  of(this: void, batch: InstanceBatch, group: number, expands: boolean): Pick<OperatorGroup, 'microbatches' | 'operators'>;
}

/** The builder of an instance: what does not depend on the batch is worked out once. Layers that are the same in every step share one list, those that attend alike its operators. */
export function stepBuilder(model: Model, precision: Precision, layout: Layout, kernels: KernelRules = {}): StepBuilder {
  const recipes = recipesOf(model, precision, layout, kernels);
  const [like, alike] = [firsts(recipes, sameLayers), firsts(recipes, sameCore)];
  return (batch) => {
    const parts = partsOf(batch, layout);
    const decodes = batch.rank.decodeSequences > 0;
    const last = decodes ? lastPositions(batch) : batch;
    const groups: OperatorGroup[] = [];
    const made: (readonly Operator[])[] = [];
    const attending: (readonly Operator[])[] = [];
    for (const [i, { name, count, stage, placed, instance, split, last: again, decoding, attend, fill }] of recipes.entries()) {
      if (decoding && !decodes) continue;
      const microbatches = split ? parts : 1;
      let operators = made[like[i] as number];
      if (operators === undefined) {
        const pass = passOf(instance, again ? last : batch, microbatches);
        const known = attending[alike[i] as number];
        if (known !== undefined) pass.operators.push(...known);
        else if (attend !== undefined) {
          attend(pass);
          attending[i] = pass.operators.slice();
        }
        fill(pass, batch.rank);
        operators = pass.operators;
        made[i] = operators;
      }
      groups.push({ name, count, microbatches, stage, placed, operators });
    }
    return groups;
  };
}

/** The same groups with nothing but their cores. */
export function coreBuilder(model: Model, precision: Precision, layout: Layout, kernels: KernelRules = {}): CoreBuilder {
  const recipes = recipesOf(model, precision, layout, kernels);
  return {
    like: firsts(recipes, sameCore),
    of: (batch, group, expands) => {
      const { instance, split, last, core } = recipes[group] as Recipe;
      const microbatches = split ? partsOf(batch, layout) : 1;
      const pass = passOf(instance, last ? lastPositions(batch) : batch, microbatches, expands);
      core?.fill(pass);
      return { microbatches, operators: pass.operators };
    },
  };
}

/** Every operator of one step on the slowest die, by groups of equal layers, in order. */
export function stepOperators(model: Model, precision: Precision, layout: Layout, batch: InstanceBatch): OperatorGroup[] {
  return stepBuilder(model, precision, layout)(batch);
}

/** One group of every step of an instance. */
interface Recipe extends Pick<OperatorGroup, 'name' | 'count' | 'stage' | 'placed'> {
  readonly instance: Instance;
  /** Whether it is run in microbatches. */
  readonly split: boolean;
  /** Whether it goes over the last position of each decoding sequence alone. */
  readonly last: boolean;
  /** Whether only steps that decode have it. */
  readonly decoding: boolean;
  /** What it begins with, where that attends. */
  readonly attend?: ((pass: Pass) => void) | undefined;
  /** `whole`: the batch of the step. */
  readonly fill: (pass: Pass, whole: RankBatch) => void;
  /** What layers are made from; absent for what is no layer. */
  readonly layers?: Pick<LayerGroup, 'attention' | 'feedForward' | 'norms'> | undefined;
  /** Its cores, and what they are made from; absent where it has none. */
  readonly core?: { readonly from: unknown; readonly fill: (pass: Pass) => void } | undefined;
}

/** Of each group the first one that is the same. */
function firsts(recipes: readonly Recipe[], same: (one: Recipe, other: Recipe) => boolean): readonly number[] {
  return recipes.map((recipe, i) => recipes.findIndex((other, j) => j === i || same(other, recipe)));
}

function sameCore(one: Recipe, other: Recipe): boolean {
  return samePass(one, other) && sameForm(one.core?.from, other.core?.from);
}

function sameLayers(one: Recipe, other: Recipe): boolean {
  return samePass(one, other) && sameForm(one.layers, other.layers);
}

/** Whether two groups go over the same part of every batch. */
function samePass(one: Recipe, other: Recipe): boolean {
  return one.instance === other.instance && one.split === other.split && one.last === other.last && one.decoding === other.decoding;
}

/** Whether two groups are made from the same; false for what is made from nothing of its own. */
function sameForm(one: unknown, other: unknown): boolean {
  return one !== undefined && other !== undefined && (one === other || JSON.stringify(one) === JSON.stringify(other));
}

/** Into how many microbatches a step is cut: every one has a sequence. */
function partsOf({ rank }: InstanceBatch, { microbatches }: Layout): Microbatches {
  const sequences = Math.floor(rank.decodeSequences + rank.prefillSequences);
  return sequences < 2 ? 1 : sequences === 2 || microbatches === 2 ? 2 : sequences === 3 ? 3 : microbatches;
}

/** What the passes behind the first of what drafts go over. */
function lastPositions({ rank, instanceTokens }: InstanceBatch): InstanceBatch {
  const all = rank.queryTokens * rank.decodeSequences + rank.prefillTokens;
  return {
    rank: { ...rank, queryTokens: 1, prefillTokens: 0, prefillSequences: 0, prefillPairs: 0, prefillContext: 0 },
    instanceTokens: all > 0 ? (instanceTokens * rank.decodeSequences) / all : 0,
  };
}

/** A model with all that its operators need, and the names of its groups. */
interface Whole {
  readonly instance: Instance;
  readonly names: readonly string[];
}

/** Shares of the parts of a step in the stages of a pipeline. */
interface Placing {
  readonly first: readonly number[];
  readonly last: readonly number[];
  /** Of each group of layers. */
  readonly groups: readonly (readonly number[])[];
}

function placingOf(model: Model, pipeline: number): Placing {
  const stages = stageLayers(model, pipeline);
  return {
    first: stages.map((_, stage) => (stage === 0 ? 1 : 0)),
    last: stages.map((_, stage) => (stage === pipeline - 1 ? 1 : 0)),
    groups: model.groups.map(({ count }, group) => stages.map((layers) => (layers[group] ?? 0) / count)),
  };
}

function recipesOf(model: Model, precision: Precision, layout: Layout, kernels: KernelRules): readonly Recipe[] {
  const main = { instance: instanceOf(model, precision, layout, kernels), names: groupNames(model) };
  const places = layout.pipeline > 1 ? placingOf(model, layout.pipeline) : undefined;
  return [...wholeRecipes(main, places), ...draftRecipes(main.instance, precision, kernels, places)];
}

/** How often what drafts runs, and over what. */
interface Passes {
  readonly prefix: string;
  readonly count: number;
  /** Only over the last position of each decoding sequence. */
  readonly last: boolean;
}

/** A whole model: embedding, layers, sends between its stages, head. A draft runs its passes on one microbatch, behind the layers of the last stage. */
function wholeRecipes({ instance, names }: Whole, places: Placing | undefined, draft?: Passes): readonly Recipe[] {
  const { model, layout } = instance;
  const { prefix, count, last } = draft ?? { prefix: '', count: 1, last: false };
  const common = { instance, stage: draft === undefined ? undefined : ('draft' as const), last, decoding: last };
  const head = (pass: Pass): void => {
    const { decodeSequences, queryTokens, prefillSequences } = pass.batch;
    headAndSampling(pass, common.stage ?? 'head', prefillSequences + (draft === undefined ? decodeSequences * queryTokens : decodeSequences));
  };
  const once = { ...common, count, split: false };
  return [
    { ...once, name: `${prefix}embedding`, placed: draft === undefined ? places?.first : places?.last, fill: embedding },
    ...model.groups.map((group, i) => ({
      ...common,
      ...layersOf(instance, group, count),
      name: `${prefix}${names[i] ?? ''}`,
      placed: draft === undefined ? places?.groups[i] : places?.last,
    })),
    ...(layout.pipeline > 1 ? [{ ...once, name: 'pipeline', count: layout.pipeline - 1, stage: undefined, placed: undefined, fill: pipelineSend }] : []),
    { ...once, name: `${prefix}head`, placed: places?.last, fill: head },
  ];
}

function layersOf({ layout }: Instance, group: LayerGroup, passes: number): Pick<Recipe, 'count' | 'split' | 'attend' | 'fill' | 'layers' | 'core'> {
  const { attention, feedForward, norms, count } = group;
  return {
    count: count * passes,
    // Where experts are apart, only layers that have some go back and forth.
    split: layout.microbatches > 1 && (layout.experts.apart !== true || feedForward.kind === 'experts'),
    attend: (pass) => attend(pass, attention),
    fill: (pass) => feedForwardOf(pass, group),
    layers: { attention, feedForward, norms },
    core: { from: attention, fill: (pass) => core(pass, attention) },
  };
}

function pipelineSend(pass: Pass): void {
  const { model, layout } = pass.instance;
  pass.operators.push({
    kind: 'collective',
    name: 'pipeline-send',
    stage: 'attention-prologue',
    operation: 'broadcast',
    ranks: 2,
    span: (2 * layout.dies) / layout.pipeline,
    bytes: pass.dieRows * model.hidden * bytesPerElement.bf16,
  });
}

/**
 * What proposes tokens in a step. Its first pass goes over every position that the step verified, the others over the last one of each sequence.
 * `main`: the instance that they are proposed for.
 */
function draftRecipes(main: Instance, precision: Precision, kernels: KernelRules, places: Placing | undefined): readonly Recipe[] {
  const { model, layout } = main;
  const { draftTokens, drafter } = layout;
  if (draftTokens === 0) return [];
  const placed = places?.last;
  const common = { stage: 'draft', placed, count: 1, split: false } as const;
  if (drafter?.kind === 'lookup') {
    return [{ ...common, name: 'draft', instance: main, last: false, decoding: true, fill: lookup, core: { from: 'lookup', fill: lookup } }];
  }
  const passes: readonly Passes[] = [
    { prefix: 'draft', count: 1, last: false },
    ...(draftTokens < 2 ? [] : [{ prefix: 'draft-again', count: draftTokens - 1, last: true }]),
  ];
  const drafting = draftModel(layout);
  if (drafting !== undefined) {
    const drafts = { instance: instanceOf(drafting.model, drafting.precision, layoutOfDrafter(drafting), kernels), names: groupNames(drafting.model) };
    return passes.flatMap((draft) => wholeRecipes(drafts, places, { ...draft, prefix: `${draft.prefix}-` }));
  }
  const module = draftModule(model, layout);
  if (module === undefined) return [];
  const { baseFormat } = model;
  const formats = { weights: baseFormat, experts: baseFormat, activations: baseFormat, kv: precision.kv };
  const instance = module.unquantised === true ? instanceOf(model, formats, layout, kernels) : main;
  return passes.flatMap(({ prefix: name, count, last }): Recipe[] => {
    const once = { ...common, instance, count, last, decoding: last };
    const head = (pass: Pass, whole: RankBatch): void => headAndSampling(pass, 'draft', whole.decodeSequences + whole.prefillSequences, module.vocabulary);
    return [
      { ...once, name: `${name}-input`, fill: (pass) => draftInput(pass, module, !last) },
      { ...once, ...layersOf(instance, module.layers, count), name },
      { ...once, name: `${name}-head`, fill: head },
    ];
  });
}

/** The host looks for the last tokens of each decoding sequence in all that stands before them. */
function lookup({ batch, operators }: Pass): void {
  operators.push({ kind: 'host', name: 'draft-lookup', stage: 'draft', tokens: batch.decodeContext });
}

function core(pass: Pass, attention: Attention): void {
  switch (attention.kind) {
    case 'grouped-query':
      groupedQueryCore(pass, attention);
      break;
    case 'latent':
      latentCore(pass, attention);
      break;
    case 'linear':
      linearCore(pass, attention);
      break;
    case 'compressed':
      compressedCore(pass, attention);
      break;
    case 'none':
      break;
    default:
      unreachable(attention);
  }
}

function attend(pass: Pass, attention: Attention): void {
  if (attention.kind !== 'none') mixStreams(pass, 'attention-prologue');
  switch (attention.kind) {
    case 'grouped-query':
      groupedQueryAttention(pass, attention);
      break;
    case 'latent':
      latentAttention(pass, attention);
      break;
    case 'linear':
      linearAttention(pass, attention);
      break;
    case 'compressed':
      compressedAttention(pass, attention);
      break;
    case 'none':
      break;
    default:
      unreachable(attention);
  }
}

/** What layers have behind their attention. */
function feedForwardOf(pass: Pass, { attention, feedForward, norms }: LayerGroup): void {
  const attends = attention.kind !== 'none';
  switch (feedForward.kind) {
    case 'dense':
      mixStreams(pass, 'dense');
      denseFeedForward(pass, feedForward, attends);
      break;
    case 'experts':
      mixStreams(pass, 'gate');
      expertFeedForward(pass, feedForward, attends);
      break;
    case 'none':
      noFeedForward(pass);
      break;
    default:
      unreachable(feedForward);
  }
  const halves = (attends ? 1 : 0) + (feedForward.kind === 'none' ? 0 : 1);
  for (let i = halves; i < norms; i++) norm(pass, 'post-norm', 'attention-output', pass.dieRows, pass.instance.model.hidden, false);
}

/** What a token of a layer half sees and what it leaves, where there are several residual streams: mixing numbers, then a weighted sum in and out. */
function mixStreams(pass: Pass, stage: Stage): void {
  const { model, formats } = pass.instance;
  const { residualStreams: streams, hidden } = model;
  if (streams === undefined) return;
  const rows = pass.dieRows;
  linear(pass, mixing, stage, formats.norm, rows, (2 + streams) * streams, streams * hidden);
  vector(pass, 'stream-mix', stage, rows * hidden * streams * (4 + 2 * streams), rows * hidden * (3 * streams + 2) * bytesPerElement.bf16);
}

/** `layers` where all are equal, otherwise what sets each group apart. */
function groupNames(model: Model): readonly string[] {
  if (model.groups.length === 1) return ['layers'];
  const windows = model.groups.map(({ attention }) => spanOf(attention));
  const kinds = model.groups.map(({ feedForward }) => feedForward.kind);
  const names = model.groups.map((_, i) =>
    [...(new Set(windows).size > 1 ? [windows[i]] : []), ...(new Set(kinds).size > 1 ? [kinds[i]] : []), 'layers'].filter((part) => part !== 'none').join('-'),
  );
  return names.map((name, i) => (names.indexOf(name) === names.lastIndexOf(name) ? name : `${name}-${i + 1}`));
}

/** How far the queries of a layer see. */
function spanOf(attention: Attention): string {
  switch (attention.kind) {
    case 'grouped-query':
      return attention.window !== undefined ? 'window' : attention.chunk !== undefined ? 'chunk' : attention.blocks !== undefined ? 'sparse' : 'full';
    case 'latent':
      return attention.sparse?.shared === true ? 'shared-index' : 'full';
    case 'linear':
    case 'none':
      return attention.kind;
    case 'compressed':
      return attention.ratio === undefined ? 'window' : `compressed-${attention.ratio}`;
    default:
      return unreachable(attention);
  }
}
