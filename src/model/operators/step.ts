import { unreachable } from '../../base/errors.ts';
import { bytesPerElement, type NumberFormat } from '../../catalogue/format.ts';
import type { Attention } from '../attention.ts';
import type { InstanceBatch, RankBatch } from '../batch.ts';
import type { Layout } from '../layout.ts';
import type { LayerGroup, Model, Precision } from '../model.ts';
import type { OperatorGroup, Stage } from '../operator.ts';
import { compressedAttention } from './compressed.ts';
import { draftInput, embedding, headAndSampling } from './ends.ts';
import { denseFeedForward, expertFeedForward, noFeedForward } from './feed-forward.ts';
import { groupedQueryAttention } from './grouped-query.ts';
import { latentAttention } from './latent.ts';
import { linear, norm, vector } from './linear.ts';
import { instanceOf, passOf, type Instance, type Pass } from './pass.ts';
import { linearAttention } from './recurrent.ts';

const mixing = { product: 'stream-weights', quantise: 'stream-quantise' };

/** Turns the batches of one instance into operators. */
export type StepBuilder = (batch: InstanceBatch) => OperatorGroup[];

/**
 * The builder of an instance: what does not depend on the batch is worked out once. `absorbed`: format in which the absorbed projections of
 * latent attention are multiplied, if not that of the weights.
 */
export function stepBuilder(model: Model, precision: Precision, layout: Layout, absorbed?: NumberFormat): StepBuilder {
  const instance = instanceOf(model, precision, layout, absorbed);
  const names = groupNames(model);
  return (batch) => build(instance, names, batch);
}

/** Every operator of one step on the slowest die, by groups of equal layers, in order. */
export function stepOperators(model: Model, precision: Precision, layout: Layout, batch: InstanceBatch): OperatorGroup[] {
  return stepBuilder(model, precision, layout)(batch);
}

function build(instance: Instance, names: readonly string[], { rank, instanceTokens }: InstanceBatch): OperatorGroup[] {
  const { model, layout } = instance;
  const groups: OperatorGroup[] = [];
  const once = (name: string, rows: RankBatch, tokens: number, fill: (pass: Pass) => void, stage?: OperatorGroup['stage'], count = 1): void => {
    const pass = passOf(instance, rows, tokens, 1);
    fill(pass);
    groups.push({ name, count, microbatches: 1, stage, operators: pass.operators });
  };
  // One sequence cannot be cut in two.
  const parts = rank.decodeSequences + rank.prefillSequences < 2 ? 1 : layout.microbatches;
  const layers = (name: string, group: LayerGroup, rows: RankBatch, tokens: number, stage?: OperatorGroup['stage'], count = group.count): void => {
    const pass = passOf(instance, rows, tokens, parts);
    layer(pass, group);
    groups.push({ name, count, microbatches: parts, stage, operators: pass.operators });
  };

  once('embedding', rank, instanceTokens, embedding);
  for (const [i, group] of model.groups.entries()) layers(names[i] ?? '', group, rank, instanceTokens);
  if (layout.pipeline > 1) {
    const send = (pass: Pass): void => {
      const bytes = pass.dieRows * model.hidden * bytesPerElement.bf16;
      pass.operators.push({
        kind: 'collective',
        name: 'pipeline-send',
        stage: 'attention-prologue',
        operation: 'broadcast',
        ranks: layout.dies / layout.pipeline + 1,
        bytes,
      });
    };
    once('pipeline', rank, instanceTokens, send, undefined, layout.pipeline - 1);
  }
  once('head', rank, instanceTokens, (pass) => headAndSampling(pass, 'head', pass.decodeRows + rank.prefillSequences));

  const module = model.draft;
  if (module !== undefined && layout.draftTokens > 0) {
    const sequences = rank.decodeSequences + rank.prefillSequences;
    const draft = (name: string, rows: RankBatch, tokens: number, passes: number): void => {
      once(`${name}-input`, rows, tokens, draftInput, 'draft', passes);
      layers(name, module.layers, rows, tokens, 'draft', module.layers.count * passes);
      once(`${name}-head`, rows, tokens, (pass) => headAndSampling(pass, 'draft', sequences), 'draft', passes);
    };
    // The first pass goes over every position that the step verified, the others over the last one of each sequence.
    draft('draft', rank, instanceTokens, 1);
    if (layout.draftTokens > 1 && rank.decodeSequences > 0) {
      const single: RankBatch = { ...rank, queryTokens: 1, prefillTokens: 0, prefillSequences: 0, prefillPairs: 0, prefillContext: 0 };
      const tokens = rank.queryTokens * rank.decodeSequences + rank.prefillTokens;
      draft('draft-again', single, tokens > 0 ? (instanceTokens * rank.decodeSequences) / tokens : 0, layout.draftTokens - 1);
    }
  }
  return groups;
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
