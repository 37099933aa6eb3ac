import type { ComputeOperator, RowShape, Stage } from '../operator.ts';
import type { LinearFormat } from './formats.ts';
import type { Pass } from './pass.ts';

/** Output of a product, and everything between operators. [B] */
const between = 2;

/** Vector work per element, at 16 bit: a 32-bit operation counts twice. [flop] */
const perElement = { norm: 8, rope: 6, activation: 12, quantise: 6, add: 2 } as const;

/** Names of one product and of the quantisation in front of it. */
export interface LinearNames {
  readonly product: string;
  readonly quantise: string;
}

/*
 * What is pushed below has one form, with the shapes that it lacks, so that reading operators stays quick: a step has about a hundred of them.
 */

/** `C[m, n] = A[m, k] B[k, n]`: every operand counted once; quantises A first where the format says so. */
export function linear(pass: Pass, names: LinearNames, stage: Stage, format: LinearFormat, m: number, n: number, k: number): void {
  if (m <= 0) return;
  if (format.quantises) quantise(pass, names.quantise, stage, format, m, k);
  pass.operators.push({
    kind: 'compute',
    name: names.product,
    stage,
    class: 'gemm',
    kernel: undefined,
    format: format.product,
    variant: format.variant,
    stored: format.stored === format.product ? undefined : format.stored,
    matrixFlop: 2 * m * n * k,
    vectorFlop: 0,
    weightBytes: n * k * format.weightBytes,
    activationBytes: m * k * format.inputBytes + m * n * between,
    shape: { m, n, k, groups: 1 },
    rows: undefined,
    experts: undefined,
    sorts: undefined,
  });
}

/**
 * `groups` products of one shape with weights of their own: the heads of an absorbed projection, or experts with `hit` of them in use.
 * `masked`: their rows lie in a buffer for each expert, as the exchange of decoding leaves them.
 */
export function grouped(
  pass: Pass,
  name: string,
  stage: Stage,
  operator: 'gemm' | 'grouped-gemm',
  format: LinearFormat,
  shape: { readonly rows: number; readonly n: number; readonly k: number; readonly groups: number; readonly masked?: boolean },
): void {
  const { rows, n, k, groups, masked } = shape;
  if (rows <= 0) return;
  pass.operators.push({
    kind: 'compute',
    name,
    stage,
    class: operator,
    kernel: operator === 'gemm' ? 'head-gemm' : undefined,
    format: format.product,
    variant: masked === true ? format.maskedVariant : format.variant,
    stored: format.stored === format.product ? undefined : format.stored,
    matrixFlop: 2 * rows * n * k,
    vectorFlop: 0,
    weightBytes: groups * n * k * format.weightBytes,
    activationBytes: rows * k * format.inputBytes + rows * n * between,
    shape: { m: rows / groups, n, k, groups },
    rows: undefined,
    experts: undefined,
    sorts: undefined,
  });
}

/** Dynamic quantisation of `m` rows of `k`: reads 16 bit, writes the format of the product. */
export function quantise(pass: Pass, name: string, stage: Stage, format: LinearFormat, m: number, k: number): void {
  overRows(pass, name, stage, perElement.quantise, { rows: m, width: k, bytes: between + format.inputBytes }, 'quantise', format.quantiseVariant);
}

/** Root-mean-square norm of `rows` of `width`; with the residual it also reads and writes the sum. */
export function norm(pass: Pass, name: string, stage: Stage, rows: number, width: number, residual: boolean): void {
  overRows(pass, name, stage, perElement.norm + (residual ? perElement.add : 0), { rows, width, bytes: between * (residual ? 4 : 2) }, 'norm');
}

/** Rotation of `rows` of `width` elements. */
export function rope(pass: Pass, name: string, stage: Stage, rows: number, width: number): void {
  overRows(pass, name, stage, perElement.rope, { rows, width, bytes: between * 2 }, 'rope');
}

/** Gate times up (or a plain activation) over `rows` of `width` outputs. */
export function activation(pass: Pass, name: string, stage: Stage, rows: number, width: number, gated: boolean): void {
  overRows(pass, name, stage, perElement.activation, { rows, width, bytes: between * (gated ? 3 : 2) }, 'activation');
}

/** Copies or sums of rows; `flop`: of one element. */
export function move(pass: Pass, name: string, stage: Stage, flop: number, shape: RowShape): void {
  overRows(pass, name, stage, flop, shape, 'row-move');
}

/** Received rows to their experts. */
export function sort(pass: Pass, name: string, stage: Stage, rows: RowShape): void {
  vector(pass, name, stage, 0, rows.rows * rows.width * rows.bytes, { kernel: 'row-move', rows, sorts: true });
}

/** Rows of the embedding table. */
export function gather(pass: Pass, name: string, stage: Stage, rows: number, width: number): void {
  vector(pass, name, stage, 0, rows * width * between * 2, { class: 'embedding', rows: { rows, width, bytes: between * 2 } });
}

/** Work on the vector engine over rows, by a kernel that may have cells of its own; `flop`: of one element of the width. */
function overRows(pass: Pass, name: string, stage: Stage, flop: number, shape: RowShape, kernel: string, variant?: string): void {
  const elements = shape.rows * shape.width;
  vector(pass, name, stage, elements * flop, elements * shape.bytes, { kernel, variant, rows: shape });
}

/** Elementwise work on the vector engine. */
export function vector(
  pass: Pass,
  name: string,
  stage: Stage,
  vectorFlop: number,
  bytes: number,
  { class: operatorClass = 'vector', kernel, variant, rows, sorts }: Partial<Pick<ComputeOperator, 'class' | 'kernel' | 'variant' | 'rows' | 'sorts'>> = {},
): void {
  if (bytes <= 0) return;
  pass.operators.push({
    kind: 'compute',
    name,
    stage,
    class: operatorClass,
    kernel,
    format: 'bf16',
    variant,
    stored: undefined,
    matrixFlop: 0,
    vectorFlop,
    weightBytes: 0,
    activationBytes: bytes,
    shape: undefined,
    rows,
    experts: undefined,
    sorts,
  });
}
