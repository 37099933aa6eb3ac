import type { Chip } from '../catalogue/chip.ts';
import { bytesPerElement, type NumberFormat } from '../catalogue/format.ts';
import type { Stack } from '../catalogue/stack.ts';
import type { Model, Precision, TensorClass } from './model.ts';
import type { Tensor } from './tensor.ts';

/** Formats that are stated in the place of those of a checkpoint. */
type Stated = { readonly [Part in keyof Precision]?: Precision[Part] | undefined };

/** What is stated, and the format in which the engine multiplies on such a chip what the checkpoint stores, where neither says it. */
export function statedUnder<T extends Stated>(stated: T, { quantisation }: Model, { openActivations }: Stack, { generation }: Chip): T {
  if (stated.activations !== undefined || stated.weights !== undefined || stated.experts !== undefined) return stated;
  const open = openActivations?.find(({ method, generations }) => method === quantisation?.method && generations.includes(generation));
  return open === undefined ? stated : { ...stated, activations: open.activations };
}

/**
 * Number formats of a deployment: those of the checkpoint, with what `override` states in their place. Weights that are overridden take
 * experts and activations with them, except that 4-bit integers are multiplied in the base format.
 */
export function precisionOf(model: Model, override: Stated = {}): Precision {
  const { quantisation, baseFormat } = model;
  const stored = (name: TensorClass): NumberFormat => (quantisation === undefined || quantisation.excluded.includes(name) ? baseFormat : quantisation.weights);
  const weights = override.weights ?? stored('attention');
  return {
    weights,
    experts: override.experts ?? override.weights ?? quantisation?.experts?.weights ?? stored('experts'),
    activations:
      override.activations ??
      (override.weights === undefined ? (quantisation?.activations ?? baseFormat) : override.weights === 'int4' ? baseFormat : override.weights),
    kv: override.kv ?? baseFormat,
  };
}

/** The format in which a tensor is kept: embedding, head, routers, norms and biases stay in the base format. */
export function formatOf(tensor: Tensor, precision: Precision, base: NumberFormat): NumberFormat {
  if (!tensor.quantisable) return base;
  return tensor.class === 'experts' ? precision.experts : precision.weights;
}

/** Elements per scale, rows of such a block, and bytes of a scale, by format: the common form where the checkpoint states none. */
const scales: Readonly<Record<NumberFormat, readonly [group: number, rows: number, bytes: number] | undefined>> = {
  fp32: undefined,
  bf16: undefined,
  fp16: undefined,
  fp8: [128 * 128, 128, 4],
  int8: [0, 1, 4],
  int4: [128, 1, 2],
  fp4: [16, 1, 1],
};

/** Scales of one copy of a tensor in a format: one per block of rows and columns, or one per row. [B] */
function scaleBytes(tensor: Tensor, format: NumberFormat, model: Model): number {
  const stored = tensor.class === 'experts' ? (model.quantisation?.experts ?? model.quantisation) : model.quantisation;
  const own = stored?.weights === format ? stored : undefined;
  const [group, rows, bytes] = own === undefined ? (scales[format] ?? [0, 1, 0]) : [own.scaleGroup, own.scaleRows, own.scaleBytes];
  if (group === 0) return tensor.rows * bytes;
  return Math.ceil(tensor.rows / rows) * Math.ceil((tensor.columns * rows) / group) * bytes;
}

/** One copy of a tensor with its scales. [B] */
export function bytesOf(tensor: Tensor, precision: Precision, model: Model): number {
  const format = formatOf(tensor, precision, model.baseFormat);
  return tensor.rows * tensor.columns * bytesPerElement[format] + (tensor.quantisable ? scaleBytes(tensor, format, model) : 0);
}
