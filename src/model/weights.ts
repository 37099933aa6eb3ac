import { unreachable } from '../base/errors.ts';
import { draftModel, draftModule, layoutOfDrafter } from './drafter.ts';
import { expertTensor, exchangesTokens, routedDies, sharedApart, type Layout } from './layout.ts';
import { tensorClasses, type Model, type Precision, type TensorClass } from './model.ts';
import { mainTensors } from './parameters.ts';
import { stageLayers } from './pipeline.ts';
import { bytesOf } from './precision.ts';
import type { Tensor } from './tensor.ts';
import { draftTensors, embeddingTensors, headTensors, layerTensors } from './tensors.ts';

/** Bytes of one class of tensors. */
export interface ClassBytes {
  readonly name: TensorClass;
  readonly bytes: number;
}

type Sums = Map<TensorClass, number>;

function listed(sums: Sums): readonly ClassBytes[] {
  return tensorClasses.filter((name) => (sums.get(name) ?? 0) > 0).map((name) => ({ name, bytes: Math.round(sums.get(name) ?? 0) }));
}

function add(sums: Sums, name: TensorClass, bytes: number): void {
  sums.set(name, (sums.get(name) ?? 0) + bytes);
}

/** Weights of the whole model once, scales included, draft modules without their copies of embedding and head. [B by class] */
export function weightBytes(model: Model, precision: Precision): readonly ClassBytes[] {
  const sums: Sums = new Map();
  for (const [tensor, layers] of mainTensors(model)) add(sums, tensor.class, bytesOf(tensor, precision, model) * tensor.copies * layers);
  const { draft } = model;
  if (draft !== undefined)
    for (const tensor of draftTensors(model, draft)) add(sums, 'draft', bytesOf(tensor, precision, model) * tensor.copies * draft.layers.count);
  return listed(sums);
}

/** What a die holds where shared experts have dies of their own: routed experts or one shared expert; where all experts have, everything else. */
type DieRole = 'routed' | 'shared' | 'attention';

/** The two sides of an instance whose experts are apart. */
export type Side = 'attention' | 'experts';

/** Routed experts that the fullest die keeps, redundant copies included. */
export function expertsPerDie(routed: number, layout: Layout): number {
  return Math.ceil((routed + layout.experts.redundant) / routedDies(layout));
}

/** The part of a tensor that lies on one of `ranks` dies: whole units, so heads that do not divide are rounded up. */
function share(tensor: Tensor, ranks: number): number {
  return Math.ceil(tensor.parts / ranks) / tensor.parts;
}

/**
 * Copies of one tensor on one die. Tensor parallelism cuts heads, inner widths and vocabulary; what has one part is whole on every die.
 * Where the dies of a rank split tokens, only what works on single heads is cut. A shared expert is cut where every die of the rank has
 * all its tokens, and whole where tokens are sent to their experts.
 */
function copiesOnDie(tensor: Tensor, layout: Layout, role: DieRole): number {
  const tokensSplit = layout.attention === 'sp-tp-sp';
  const apart = layout.experts.apart === true;
  switch (tensor.class) {
    case 'experts':
      return role !== 'routed' ? 0 : expertsPerDie(tensor.copies, layout) * share(tensor, expertTensor(layout));
    case 'shared':
      if (sharedApart(layout)) return role === 'shared' ? 1 : 0;
      if (apart) return role === 'attention' ? 1 : 0;
      return tokensSplit || exchangesTokens(layout) ? 1 : share(tensor, layout.tensor);
    case 'attention':
    case 'dense':
    case 'embedding':
    case 'head':
    case 'router':
    case 'norm':
    case 'draft':
      if (apart && role !== 'attention') return 0;
      return tokensSplit && !tensor.perHead ? 1 : share(tensor, layout.tensor);
    default:
      return unreachable(tensor.class);
  }
}

function total(sums: Sums): number {
  let sum = 0;
  for (const bytes of sums.values()) sum += bytes;
  return sum;
}

/**
 * Weights on the fullest die of a layout, by class, scales included. What drafts is there only when the layout drafts, on the last stage: modules
 * share the embedding with the model, and the head unless they have one; a model of its own has everything. Where experts are apart, on a die of
 * one `side`. [B]
 */
export function weightBytesPerDie(model: Model, precision: Precision, layout: Layout, side: Side = 'attention'): readonly ClassBytes[] {
  const roles: readonly DieRole[] =
    layout.experts.apart === true && side === 'attention' ? ['attention'] : sharedApart(layout) ? ['routed', 'shared'] : ['routed'];
  let fullest: Sums = new Map();
  const stages = stageLayers(model, layout.pipeline);
  for (const role of roles) {
    for (const [stage, layers] of stages.entries()) {
      const sums: Sums = new Map();
      const put = (tensors: readonly Tensor[], count: number, name?: TensorClass): void => {
        for (const tensor of tensors) add(sums, name ?? tensor.class, bytesOf(tensor, precision, model) * copiesOnDie(tensor, layout, role) * count);
      };
      const last = stage === stages.length - 1;
      const module = last ? draftModule(model, layout) : undefined;
      const drafting = last ? draftModel(layout) : undefined;
      // The head of a tied model is its embedding; a draft needs the embedding too.
      if (stage === 0 || (module !== undefined && !model.tiedEmbedding)) put(embeddingTensors(model), stage === 0 && last && model.tiedEmbedding ? 0 : 1);
      model.groups.forEach((group, index) => put(layerTensors(model, group), layers[index] ?? 0));
      if (last) put(headTensors(model), 1);
      if (module !== undefined) put(draftTensors(model, module), module.layers.count, 'draft');
      if (drafting !== undefined && !(layout.experts.apart === true && side === 'experts'))
        for (const { bytes } of weightBytesPerDie(drafting.model, drafting.precision, layoutOfDrafter(drafting))) add(sums, 'draft', bytes);
      if (total(sums) > total(fullest)) fullest = sums;
    }
  }
  return listed(fullest);
}
