import { bytesPerElement } from '../../../catalogue/format.ts';
import { peakOf } from '../../rates.ts';
import type { DieRates } from '../family.ts';
import type { AttentionLaunch } from './attention-shape.ts';

/** Whether all query heads read one latent, whose values are a part of its keys, and not keys and values of their own. */
export function readsLatents({ keyValueHeads, headSize, valueHeadSize }: AttentionLaunch): boolean {
  return keyValueHeads === 1 && headSize - valueHeadSize === 64 && valueHeadSize > 128;
}

/** Latents of `tokens` of each sequence: values are a part of the keys. [B] */
export function latentBytes({ sequences, keyValueHeads, headSize, keyValueFormat }: AttentionLaunch, tokens: number): number {
  return sequences * tokens * keyValueHeads * headSize * bytesPerElement[keyValueFormat];
}

/** Shapes of one number of heads are held out together. */
export function latentGroup({ heads, headSize }: AttentionLaunch): string {
  return `${heads} ${headSize}`;
}

/** What no kernel passes: that of the operands, or of keys that are stored narrower, since some kernels multiply in the format of the keys. [flop/s] */
export function ceilingOf({ keyValueFormat }: AttentionLaunch, die: DieRates): number {
  if (keyValueFormat === die.format) return die.ceiling;
  const narrower = peakOf(die.chip.die, keyValueFormat);
  const narrow = Math.min(narrower?.peak.value ?? 0, narrower?.ceiling?.value ?? Infinity);
  return Math.max(die.ceiling, die.peak > 0 ? (narrow * die.peak) / (peakOf(die.chip.die, die.format)?.peak.value ?? die.peak) : 0);
}

/** The longest launch of a kernel that a graph replays; a benchmark above it timed a host that enqueues kernel by kernel. [s] */
const LONGEST_LAUNCH = 30e-6;

/** Steps are replayed from graphs: what the host took to enqueue is no part of them. The launch is the first constant. */
export function withoutHost(parameters: Float64Array): void {
  parameters[0] = Math.min(parameters[0] ?? 0, LONGEST_LAUNCH);
}
