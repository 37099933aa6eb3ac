import { bytesPerElement, type NumberFormat } from '../../catalogue/format.ts';
import type { Model, Precision, TensorClass } from '../model.ts';
import { bytesOf, formatOf } from '../precision.ts';

/** How a class of linear layers is stored and multiplied. */
export interface LinearFormat {
  /** Operands of the product: the wider of weights and activations, since narrower weights are widened on the way in. */
  readonly product: NumberFormat;
  /** How weights are stored. */
  readonly stored: NumberFormat;
  /** Products whose operands are scaled by blocks rather than by rows. */
  readonly variant: 'block' | undefined;
  /** What tells apart kernels for experts whose rows lie in buffers of their own, counted on the device, and those that quantise in front of the product. */
  readonly maskedVariant: string;
  readonly quantiseVariant: string;
  /** Storage of one weight, its share of scales included. [B] */
  readonly weightBytes: number;
  /** Storage of one input element of the product. [B] */
  readonly inputBytes: number;
  /** Whether activations are quantised on the fly in front of the product. */
  readonly quantises: boolean;
}

const unquantised: ReadonlySet<TensorClass> = new Set(['router', 'norm', 'embedding', 'head', 'draft']);
const halfWidth = 2;
/** A matrix so large that the rounding of its blocks of scales is lost. */
const side = 16_384;

/** The format of the matrices of a tensor class; `draft` is the projection that joins hidden state and token. */
export function linearFormat(model: Model, precision: Precision, tensor: TensorClass): LinearFormat {
  const matrix = {
    name: tensor,
    class: tensor,
    rows: side,
    columns: side,
    copies: 1,
    parts: 1,
    perHead: false,
    quantisable: !unquantised.has(tensor),
    active: 1,
  };
  const weights = formatOf(matrix, precision, model.baseFormat);
  const quantised = bytesPerElement[weights] < halfWidth;
  const activations = quantised ? precision.activations : weights;
  const product = bytesPerElement[activations] >= bytesPerElement[weights] ? activations : weights;
  const variant = product === 'fp8' && weights === 'fp8' && (model.quantisation?.scaleRows ?? 1) > 1 ? 'block' : undefined;
  return {
    product,
    stored: weights,
    variant,
    maskedVariant: variant === undefined ? 'masked' : `${variant}-masked`,
    quantiseVariant: variant === undefined ? `to-${product}` : `to-${product}-${variant}`,
    weightBytes: bytesOf(matrix, precision, model) / (side * side),
    inputBytes: bytesPerElement[product],
    quantises: quantised && bytesPerElement[product] < halfWidth,
  };
}
