import type { DieRates, FittedParameter, OperatorFamily } from '../family.ts';
import { octaves, queryBytes, type AttentionLaunch } from './attention-shape.ts';
import { ceilingOf, latentBytes } from './latent-shape.ts';

/** Query heads of one work item. */
const TILE = 64;

const parameters: readonly FittedParameter[] = [
  { name: 'floor', unit: 's', min: 1e-6, max: 3e-4, start: 8e-6 },
  { name: 'slot', unit: 's', min: 1e-10, max: 1e-6, start: 2e-8 },
  { name: 'item', unit: 's', min: 1e-8, max: 6e-5, start: 4e-6 },
  { name: 'unfilled', unit: 'of a slot', min: 0, max: 1.5, start: 1 },
  { name: 'wave', unit: 'share of a wave', min: 0, max: 1, start: 0.7 },
  { name: 'occupancy', unit: 'items a core', min: 0.5, max: 4, start: 1 },
  { name: 'splits', unit: '1', min: 1, max: 64, start: 1 },
  { name: 'bandwidth', unit: 'of the sheet', min: 0.1, max: 4, start: 1 },
  { name: 'apart', unit: '1', min: 0.01, max: 1, start: 0.2 },
  { name: 'row', unit: 's', min: 1e-13, max: 1e-8, start: 1e-11 },
];

/**
 * Attention over the latents that an index chose, as many as its window is wide: slots that a short context leaves empty are walked too. A
 * work item is one query token and a tile of heads; it gathers its latents one by one, so that no two items share a reading. With fewer
 * items than cores some kernels split the slots.
 */
function time(shape: AttentionLaunch, die: DieRates, parameters: ArrayLike<number>): number {
  const p = (i: number): number => parameters[i] ?? 0;
  const { sequences, queryTokens, heads, seen, window } = shape;
  const items = sequences * queryTokens * Math.max(1, heads / TILE);
  const places = die.cores * p(5);
  const splits = Math.min(Math.max(1, places / items), p(6));
  const turns = (items * splits) / places;
  const waves = turns <= 1 ? 1 : turns + p(4) * (Math.ceil(turns) - turns);
  const slots = seen + p(3) * Math.max(0, window - seen);
  const work = waves * (p(2) + (slots * p(1)) / splits);
  const bytes = sequences * queryTokens * (latentBytes(shape, slots) / sequences) + queryBytes(shape);
  const traffic = bytes / (die.bandwidth * p(7));
  const longest = Math.max(work, traffic);
  return p(0) + longest + p(8) * (work + traffic - longest) + sequences * queryTokens * heads * p(9);
}

/** Matrix work at the ceiling, or queries and outputs beyond the cache at the sheet's bandwidth. [s] */
function floor(shape: AttentionLaunch, die: DieRates): number {
  const { sequences, queryTokens, heads, headSize, valueHeadSize, seen } = shape;
  const flop = 2 * sequences * queryTokens * heads * seen * (headSize + valueHeadSize);
  const cached = shape.repeated === true ? die.cache : 0;
  return Math.max(flop / ceilingOf(shape, die), Math.max(0, queryBytes(shape) - cached) / die.bandwidth);
}

function features({ sequences, queryTokens, seen, context, heads }: AttentionLaunch): readonly number[] {
  return [octaves(sequences), octaves(queryTokens), octaves(sequences * queryTokens * heads), octaves(seen), octaves(context)];
}

const common = {
  parameters,
  time,
  floor,
  features,
  // Tables have one number of heads: whole batch sizes are held out instead.
  group: ({ heads, sequences }: AttentionLaunch): string => `${heads} ${sequences}`,
  shapeOf: ({ attention }: { readonly attention?: AttentionLaunch | undefined }): AttentionLaunch | undefined => attention,
};

/** Prompts over the latents that an index chose. */
export const sparsePrefill: OperatorFamily<AttentionLaunch> = { class: 'sparse-attention-prefill', ...common };

/** Decoding sequences over the latents that an index chose. */
export const sparseDecode: OperatorFamily<AttentionLaunch> = { class: 'sparse-attention-decode', ...common };
