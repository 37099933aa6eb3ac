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
 * Features are base-2 logarithms.
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
};

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
    const times = octavesOf(Math.abs(at - limit));
    return (at > last || at < first) && times > near ? [{ axis, value: octavesOf(at), limit: octavesOf(limit), times, side }] : [];
  });
}

function octavesOf(octaves: number): number {
  return exp(octaves * ln(2));
}
