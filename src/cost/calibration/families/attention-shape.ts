import { bytesPerElement, type NumberFormat } from '../../../catalogue/format.ts';
import type { AttentionShape } from '../../../model/operator.ts';
import type { FittedParameter } from '../family.ts';

/** One launch of attention as it was measured or is to be priced. */
export interface AttentionLaunch extends AttentionShape {
  /** The same launch ran before it, as in a benchmark: what fits the cache is found there. In a step other layers have run in between. */
  readonly repeated?: boolean | undefined;
}

/** Storage of an element of queries and outputs, whose format the tables do not vary: 16 bit. [B] */
const BETWEEN = 2;

/** The format of an attention cell: that of the operands, and that of keys and values where it differs. */
export function attentionFormat(operands: NumberFormat, keyValue: NumberFormat): string {
  return operands === keyValue ? operands : `${operands}-kv-${keyValue}`;
}

/** Queries in and outputs out. [B] */
export function queryBytes({ sequences, queryTokens, heads, headSize, valueHeadSize }: AttentionLaunch): number {
  return sequences * queryTokens * heads * (headSize + valueHeadSize) * BETWEEN;
}

/** Keys and values of `tokens` of each sequence. [B] */
export function keyValueBytes({ sequences, keyValueHeads, headSize, valueHeadSize, keyValueFormat }: AttentionLaunch, tokens: number): number {
  return sequences * tokens * keyValueHeads * (headSize + valueHeadSize) * bytesPerElement[keyValueFormat];
}

/** Shapes that share heads are held out together. */
export function headGroup({ heads, keyValueHeads, headSize }: AttentionLaunch): string {
  return `${heads} ${keyValueHeads} ${headSize}`;
}

/** Launches that differ in the new tokens of a sequence alone, or of decoding ones in the earlier tokens alone; `at` is their number. */
export function lengthSweep(shape: AttentionLaunch): { readonly along: string; readonly at: number } {
  const { sequences, queryTokens, context, window, keyValueFormat } = shape;
  const fixed = queryTokens > 1 ? context - queryTokens : 'decode';
  return { along: `${headGroup(shape)} ${sequences} ${window} ${keyValueFormat} ${fixed}`, at: context };
}

/** Head sizes for which kernels differ from the one for 128. */
const headSizes: readonly number[] = [64, 192, 256, 512];

/** How much an operator's own cost differs for each head size from what its bytes and flop say, beside 128. */
export function headSizeParameters(): readonly FittedParameter[] {
  return headSizes.map((size): FittedParameter => ({ name: `head${size}`, unit: '1', min: 0.4, max: 4, start: 1 }));
}

/** The factor of a head size; between known sizes that of the next larger one. `first` is the index of the first of the parameters. */
export function headSizeFactor(headSize: number, parameters: ArrayLike<number>, first: number): number {
  if (headSize > 64 && headSize <= 128) return 1;
  const found = headSizes.findIndex((size) => headSize <= size);
  return parameters[first + (found === -1 ? headSizes.length - 1 : found)] ?? 1;
}

/** Base-2 logarithm to about 0.09 of an octave's width, exact at powers of two: enough for a coordinate. */
export function octaves(x: number): number {
  if (!(x > 0)) return 0;
  let whole = 0;
  let rest = x;
  while (rest >= 2) {
    rest /= 2;
    whole++;
  }
  while (rest < 1) {
    rest *= 2;
    whole--;
  }
  return whole + (rest - 1);
}
