import type { TensorClass } from './model.ts';

/** Equal weight tensors of one layer, or of what stands around the layers. */
export interface Tensor {
  readonly name: string;
  readonly class: TensorClass;
  readonly rows: number;
  readonly columns: number;
  /** How many of them there are: one per routed expert. */
  readonly copies: number;
  /** Equal parts into which tensor parallelism may cut it; 1 keeps it whole on every die. */
  readonly parts: number;
  /** Whether it makes or reads single heads: what is cut even where the dies of a rank split tokens around the attention core. */
  readonly perHead: boolean;
  /** A matrix that a quantisation of its class converts; false for norms, biases, routers and the index weights. */
  readonly quantisable: boolean;
  /** Share of the copies that one token passes through. */
  readonly active: number;
}

/** A matrix that a quantisation of its class converts. */
export function matrix(tensorClass: TensorClass, name: string, rows: number, columns: number, parts = 1): Tensor {
  return { name, class: tensorClass, rows, columns, copies: 1, parts, perHead: false, quantisable: true, active: 1 };
}

/** A norm, a bias or a matrix that stays in the base format. */
export function plain(tensorClass: TensorClass, name: string, rows: number, columns = 1, parts = 1): Tensor {
  return { ...matrix(tensorClass, name, rows, columns, parts), quantisable: false };
}

/** What makes or reads single heads. */
export const perHead = (tensor: Tensor): Tensor => ({ ...tensor, perHead: true });
export const some = (condition: boolean, ...tensors: readonly Tensor[]): readonly Tensor[] => (condition ? tensors : []);
