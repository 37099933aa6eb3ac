import { unreachable } from '../../base/errors.ts';
import { bytesPerElement } from '../../catalogue/format.ts';
import type { Attention } from '../attention.ts';
import type { InstanceBatch, RankBatch } from '../batch.ts';
import { draftModel, draftModule, layoutOfDrafter } from '../drafter.ts';
import type { Layout, Microbatches } from '../layout.ts';
import type { DraftModule, LayerGroup, Model, Precision } from '../model.ts';
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

/** The builder of an instance: what does not depend on the batch is worked out once. */
export function stepBuilder(model: Model, precision: Precision, layout: Layout, kernels: KernelRules = {}): StepBuilder {
  return builder(model, precision, layout, kernels, false);
}

/** The same groups with nothing but what looks at contexts and at single sequences: the cores of attention, and searches for drafts. */
export function coreBuilder(model: Model, precision: Precision, layout: Layout, kernels: KernelRules = {}): StepBuilder {
  return builder(model, precision, layout, kernels, true);
}

function builder(model: Model, precision: Precision, layout: Layout, kernels: KernelRules, cores: boolean): StepBuilder {
  const main = { instance: instanceOf(model, precision, layout, kernels), names: groupNames(model) };
  const drafts = drafterOf(model, precision, layout, kernels);
  const places = layout.pipeline > 1 ? placingOf(model, layout.pipeline) : undefined;
  return (batch) => {
    const list = new StepList(batch, layout, places, cores);
    list.add(main, batch);
    if (drafts !== undefined) draft(list, drafts, batch, layout.draftTokens);
    return list.groups;
  };
}

/** Every operator of one step on the slowest die, by groups of equal layers, in order. */
export function stepOperators(model: Model, precision: Precision, layout: Layout, batch: InstanceBatch): OperatorGroup[] {
  return stepBuilder(model, precision, layout)(batch);
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

/** What proposes tokens in a step. */
type Drafts =
  | { readonly kind: 'module'; readonly instance: Instance; readonly module: DraftModule }
  | ({ readonly kind: 'model' } & Whole)
  | { readonly kind: 'lookup' };

function drafterOf(model: Model, precision: Precision, layout: Layout, kernels: KernelRules): Drafts | undefined {
  if (layout.draftTokens === 0) return undefined;
  if (layout.drafter?.kind === 'lookup') return { kind: 'lookup' };
  const drafting = draftModel(layout);
  if (drafting !== undefined)
    return { kind: 'model', instance: instanceOf(drafting.model, drafting.precision, layoutOfDrafter(drafting), kernels), names: groupNames(drafting.model) };
  const module = draftModule(model, layout);
  if (module === undefined) return undefined;
  const { baseFormat } = model;
  const formats = module.unquantised === true ? { weights: baseFormat, experts: baseFormat, activations: baseFormat, kv: precision.kv } : precision;
  return { kind: 'module', instance: instanceOf(model, formats, layout, kernels), module };
}

/** The groups of one step, as they are put together. */
class StepList {
  readonly groups: OperatorGroup[] = [];
  readonly places: Placing | undefined;
  readonly #parts: Microbatches;
  /** Whether only the cores of layers are listed. */
  readonly #cores: boolean;
  /** The last of them: layers of other kinds mostly repeat it. */
  #core:
    | {
        readonly instance: Instance;
        readonly attention: Attention;
        readonly batch: InstanceBatch;
        readonly parts: number;
        readonly operators: readonly Operator[];
      }
    | undefined;

  constructor({ rank }: InstanceBatch, { microbatches }: Layout, places: Placing | undefined, cores: boolean) {
    this.places = places;
    this.#cores = cores;
    // Every part has a sequence.
    const sequences = Math.floor(rank.decodeSequences + rank.prefillSequences);
    this.#parts = sequences < 2 ? 1 : sequences === 2 || microbatches === 2 ? 2 : sequences === 3 ? 3 : microbatches;
  }

  /** A whole model: embedding, layers, sends between its stages, head. As a draft it runs `passes` times on one microbatch. */
  add({ instance, names }: Whole, batch: InstanceBatch, prefix: string = '', stage?: Stage, passes: number = 1): void {
    const { model, layout } = instance;
    const { rank } = batch;
    // What drafts stands behind the layers of the last stage.
    const drafts = stage !== undefined;
    const { places } = this;
    this.once(`${prefix}embedding`, instance, batch, drafts ? places?.last : places?.first, embedding, stage, passes);
    for (const [i, group] of model.groups.entries())
      this.layers(`${prefix}${names[i] ?? ''}`, instance, group, batch, drafts ? places?.last : places?.groups[i], stage, passes);
    if (layout.pipeline > 1) {
      const send = (pass: Pass): void => {
        const bytes = pass.dieRows * model.hidden * bytesPerElement.bf16;
        pass.operators.push({
          kind: 'collective',
          name: 'pipeline-send',
          stage: 'attention-prologue',
          operation: 'broadcast',
          ranks: 2,
          span: (2 * layout.dies) / layout.pipeline,
          bytes,
        });
      };
      this.once('pipeline', instance, batch, undefined, send, undefined, layout.pipeline - 1);
    }
    const drawn = rank.prefillSequences + (stage === undefined ? rank.decodeSequences * rank.queryTokens : rank.decodeSequences);
    this.once(`${prefix}head`, instance, batch, places?.last, (pass) => headAndSampling(pass, stage ?? 'head', drawn), stage, passes);
  }

  /** What runs on the whole batch, `count` times. */
  once(
    name: string,
    instance: Instance,
    { rank, instanceTokens }: InstanceBatch,
    placed: OperatorGroup['placed'],
    fill: (pass: Pass) => void,
    stage?: Stage,
    count: number = 1,
  ): void {
    this.groups.push({ name, count, microbatches: 1, stage, placed, operators: this.#cores ? [] : filled(passOf(instance, rank, instanceTokens, 1), fill) });
  }

  layers(name: string, instance: Instance, group: LayerGroup, batch: InstanceBatch, placed: OperatorGroup['placed'], stage?: Stage, passes: number = 1): void {
    const { rank, instanceTokens } = batch;
    // Where experts are apart, only layers that have some go back and forth.
    const { microbatches, experts } = instance.layout;
    const parts = microbatches === 1 || (experts.apart === true && group.feedForward.kind !== 'experts') ? 1 : this.#parts;
    const operators = this.#cores
      ? this.#coreOf(instance, group.attention, batch, parts)
      : filled(passOf(instance, rank, instanceTokens, parts), (pass) => layer(pass, group));
    this.groups.push({ name, count: group.count * passes, microbatches: parts, stage, placed, operators });
  }

  #coreOf(instance: Instance, attention: Attention, batch: InstanceBatch, parts: Microbatches): readonly Operator[] {
    const last = this.#core;
    if (last?.instance === instance && last.attention === attention && last.batch === batch && last.parts === parts) return last.operators;
    const operators = filled(passOf(instance, batch.rank, batch.instanceTokens, parts), (pass) => core(pass, attention));
    this.#core = { instance, attention, batch, parts, operators };
    return operators;
  }
}

function filled(pass: Pass, fill: (pass: Pass) => void): readonly Operator[] {
  fill(pass);
  return pass.operators;
}

/** The first pass of what drafts goes over every position that the step verified, the others over the last one of each sequence. */
function draft(list: StepList, drafts: Drafts, batch: InstanceBatch, tokens: number): void {
  const { rank, instanceTokens } = batch;
  if (drafts.kind === 'lookup') {
    if (rank.decodeSequences > 0) list.groups.push(lookup(rank, list.places?.last));
    return;
  }
  const run = (name: string, part: InstanceBatch, passes: number): void => {
    if (drafts.kind === 'model') {
      list.add(drafts, part, `${name}-`, 'draft', passes);
      return;
    }
    const { instance, module } = drafts;
    const last = list.places?.last;
    list.once(`${name}-input`, instance, part, last, (pass) => draftInput(pass, module, name === 'draft'), 'draft', passes);
    list.layers(name, instance, module.layers, part, last, 'draft', passes);
    const sequences = rank.decodeSequences + rank.prefillSequences;
    list.once(`${name}-head`, instance, part, last, (pass) => headAndSampling(pass, 'draft', sequences, module.vocabulary), 'draft', passes);
  };
  run('draft', batch, 1);
  if (tokens < 2 || rank.decodeSequences === 0) return;
  const single: RankBatch = { ...rank, queryTokens: 1, prefillTokens: 0, prefillSequences: 0, prefillPairs: 0, prefillContext: 0 };
  const all = rank.queryTokens * rank.decodeSequences + rank.prefillTokens;
  run('draft-again', { rank: single, instanceTokens: all > 0 ? (instanceTokens * rank.decodeSequences) / all : 0 }, tokens - 1);
}

/** The host looks for the last tokens of each decoding sequence in all that stands before them. */
function lookup({ decodeContext }: RankBatch, placed: OperatorGroup['placed']): OperatorGroup {
  return {
    name: 'draft',
    count: 1,
    microbatches: 1,
    stage: 'draft',
    placed,
    operators: [{ kind: 'host', name: 'draft-lookup', stage: 'draft', tokens: decodeContext }],
  };
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

function layer(pass: Pass, { attention, feedForward, norms }: LayerGroup): void {
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
