import { tensorClasses, type Model, type TensorClass } from './model.ts';
import type { Tensor } from './tensor.ts';
import { draftTensors, embeddingTensors, headTensors, layerTensors } from './tensors.ts';

/** Parameters of one class of tensors. `active`: those that one token passes through. */
interface ClassCount {
  readonly class: TensorClass;
  readonly total: number;
  readonly active: number;
}

export interface ParameterCount {
  /** Of the main model, without draft modules. */
  readonly total: number;
  /** A token reads one row of the embedding table: the table is not active, the head is. */
  readonly active: number;
  /** With the embedding table, as some publishers count. */
  readonly activeWithEmbedding: number;
  /** Draft modules, without copies of embedding and head. */
  readonly draft: number;
  readonly draftActive: number;
  /** Copies of embedding and head that the draft modules have in the checkpoint; served, they share those of the model. */
  readonly draftCopies: number;
  /** By class; `draft` is last. */
  readonly classes: readonly ClassCount[];
}

/** Elements of all copies of a tensor. */
export function elementsOf(tensor: Tensor): number {
  return tensor.rows * tensor.columns * tensor.copies;
}

/** The weight tensors of the main model, each with the number of layers that have it. A tied embedding is left to the head. */
export function mainTensors(model: Model): readonly (readonly [Tensor, number])[] {
  return [
    ...(model.tiedEmbedding ? [] : embeddingTensors(model)).map((tensor) => [tensor, 1] as const),
    ...model.groups.flatMap((group) => layerTensors(model, group).map((tensor) => [tensor, group.count] as const)),
    ...headTensors(model).map((tensor) => [tensor, 1] as const),
  ];
}

/** Parameters in total, active per token, and by class of tensors. */
export function parametersOf(model: Model): ParameterCount {
  const totals = new Map<TensorClass, { total: number; active: number }>(tensorClasses.map((name) => [name, { total: 0, active: 0 }]));
  const add = (name: TensorClass, tensor: Tensor, layers: number): void => {
    const sum = totals.get(name);
    if (sum === undefined) return;
    sum.total += elementsOf(tensor) * layers;
    // Active experts are a whole number of copies.
    sum.active += tensor.rows * tensor.columns * Math.round(tensor.copies * tensor.active) * layers;
  };
  for (const [tensor, layers] of mainTensors(model)) add(tensor.class, tensor, layers);
  const { draft } = model;
  if (draft !== undefined) for (const tensor of draftTensors(model, draft)) add('draft', tensor, draft.layers.count);
  const classes = tensorClasses.map((name): ClassCount => ({ class: name, total: totals.get(name)?.total ?? 0, active: totals.get(name)?.active ?? 0 }));
  const main = classes.filter((entry) => entry.class !== 'draft');
  const drafted = classes.find((entry) => entry.class === 'draft');
  const active = main.reduce((sum, entry) => sum + entry.active, 0);
  const table = model.vocabulary * model.hidden;
  return {
    total: main.reduce((sum, entry) => sum + entry.total, 0),
    active,
    activeWithEmbedding: active + (model.tiedEmbedding ? 0 : table),
    draft: drafted?.total ?? 0,
    draftActive: drafted?.active ?? 0,
    draftCopies: draft?.ownEmbedding === true ? 2 * table * draft.layers.count : 0,
    classes,
  };
}
