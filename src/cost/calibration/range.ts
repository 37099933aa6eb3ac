import { exp, ln } from '../../kernel/elementary.ts';
import type { Cell } from './cell.ts';
import { KNOT_STEPS } from './fit-residual.ts';

/** An operator is outside what a cell was measured on, along one axis. */
export interface Beyond {
  /** What the axis is of: `rows`, `KV tokens`. */
  readonly axis: string;
  readonly value: number;
  /** The last value that was measured on this side. */
  readonly limit: number;
  /** Value over limit, or limit over value: above 1. */
  readonly times: number;
  readonly side: 'above' | 'below';
}

/** Rounding of knots and a little more than it is not worth a word. */
const near = 1.1;

/**
 * What the features of each class count, in the order of its family; undefined for one that is no size of its own (a product of others, a kind).
 */
const axes: Readonly<Record<string, readonly (string | undefined)[]>> = {
  gemm: ['rows (M)', 'columns (N)', 'depth (K)'],
  'head-gemm': ['rows (M)', 'columns (N)', 'depth (K)'],
  'grouped-gemm': ['columns (N)', 'depth (K)', 'experts with tokens', 'rows of an expert'],
  'expert-mlp': ['hidden size', 'expert width', 'experts with tokens', 'rows of an expert'],
  'attention-prefill': ['query tokens', 'KV tokens', undefined, 'query heads of a KV head', 'head size', undefined, undefined, 'sequences'],
  'attention-decode': ['sequences', 'KV tokens', undefined, 'queries of a KV head', 'head size'],
  'latent-attention-prefill': ['query tokens', 'KV tokens', 'heads', 'sequences'],
  'latent-attention-decode': ['sequences', 'KV tokens', 'queries of a token'],
  'sparse-attention-prefill': ['sequences', 'query tokens', undefined, 'KV tokens seen', 'context'],
  'sparse-attention-decode': ['sequences', 'query tokens', undefined, 'KV tokens seen', 'context'],
  'index-scores': ['sequences', 'query tokens', 'KV tokens', undefined, undefined, 'heads'],
  'index-top-k': ['sequences', 'query tokens', 'KV tokens'],
  'linear-attention-prefill': ['sequences', 'query tokens'],
  'linear-attention-decode': ['sequences', 'query tokens'],
  'short-convolution': ['sequences', 'query tokens', 'channels'],
  norm: ['rows', 'width'],
  activation: ['rows', 'width'],
  rope: ['rows', 'width'],
  quantise: ['rows', 'width'],
  add: ['rows', 'width'],
  embedding: ['rows', 'width'],
};

/** Classes whose features are base-2 logarithms; those of the others are linear from one power of two to the next. */
const logarithmic: ReadonlySet<string> = new Set(['gemm', 'head-gemm', 'grouped-gemm', 'expert-mlp']);

/** Where the features of a shape leave those that the cell's residual was fitted over: it is constant from there on. */
export function beyondOf({ class: operatorClass, residual }: Cell, features: readonly number[]): readonly Beyond[] {
  if (residual === undefined) return [];
  const { low, step } = residual;
  return (axes[operatorClass] ?? []).flatMap((axis, i): Beyond[] => {
    const [first, width, at] = [low[i], step[i], features[i]];
    if (axis === undefined || first === undefined || width === undefined || at === undefined) return [];
    const last = first + KNOT_STEPS * width;
    const side = at > last ? 'above' : 'below';
    const limit = side === 'above' ? last : first;
    const [value, end] = [sizeAt(operatorClass, at), sizeAt(operatorClass, limit)];
    const times = side === 'above' ? value / end : end / value;
    return (at > last || at < first) && times > near ? [{ axis, value, limit: end, times, side }] : [];
  });
}

/** The size whose feature this is. */
function sizeAt(operatorClass: string, feature: number): number {
  if (logarithmic.has(operatorClass)) return exp(feature * ln(2));
  const whole = Math.floor(feature);
  return exp(whole * ln(2)) * (1 + feature - whole);
}
