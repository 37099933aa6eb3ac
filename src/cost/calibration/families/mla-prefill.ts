import { attentionPrefill } from './attention-prefill.ts';
import type { DieRates, FittedParameter, OperatorFamily } from '../family.ts';
import { keyValueBytes, octaves, queryBytes, type AttentionLaunch } from './attention-shape.ts';
import { ceilingOf, latentBytes, latentGroup, readsLatents, withoutHost } from './latent-shape.ts';

const parameters: readonly FittedParameter[] = [
  { name: 'floor', unit: 's', min: 1e-6, max: 1e-3, start: 12e-6 },
  { name: 'matrix', unit: 'of the ceiling', min: 0.02, max: 1, start: 0.6 },
  { name: 'diagonal', unit: 'tokens', min: 1, max: 512, start: 64 },
  { name: 'tile', unit: 'rows', min: 16, max: 256, start: 128 },
  { name: 'item', unit: 's', min: 1e-8, max: 6e-5, start: 3e-6 },
  { name: 'bandwidth', unit: 'of the sheet', min: 0.05, max: 4, start: 0.7 },
  { name: 'apart', unit: '1', min: 0.01, max: 1, start: 0.5 },
  { name: 'longest', unit: '1', min: 0.1, max: 3, start: 1 },
  { name: 'sequence', unit: 's', min: 1e-10, max: 5e-6, start: 1e-8 },
  { name: 'token', unit: 's', min: 1e-13, max: 1e-9, start: 1e-12 },
  { name: 'long', unit: 'tokens', min: 1e4, max: 1e7, start: 3e5 },
];

/**
 * Latent attention of new tokens under a causal mask, over keys and values expanded to all heads or over the latents themselves. A work item
 * is a tile of query rows and costs a start and the keys that it visits, those beyond the diagonal included; cores take turns, and none is
 * done before the longest item. Long contexts run slower, since the keys of a head leave the cache. Traffic is queries, outputs, keys and
 * values; vector work is linear in tokens and heads.
 */
function time(shape: AttentionLaunch, die: DieRates, parameters: ArrayLike<number>): number {
  const p = (i: number): number => parameters[i] ?? 0;
  const { sequences, queryTokens, context, seen, heads, keyValueHeads, headSize, valueHeadSize } = shape;
  const rows = (heads / keyValueHeads) * queryTokens;
  const tile = p(3);
  const items = sequences * keyValueHeads * Math.max(1, rows / tile);
  const tail = Math.min(p(2), queryTokens * 0.5);
  const rate = (ceilingOf(shape, die) * p(1)) / die.cores;
  const perToken = ((2 * tile * (headSize + valueHeadSize)) / rate) * (1 + seen / p(10));
  const turns = items / die.cores;
  const work = Math.max(turns * (p(4) + (seen + tail) * perToken), p(4) + p(7) * (context + tail) * perToken);
  const bytes = queryBytes(shape) + stored(shape, context);
  const traffic = bytes / (die.bandwidth * p(5)) + sequences * queryTokens * heads * p(9);
  const longest = Math.max(work, traffic);
  return p(0) + longest + p(6) * (work + traffic - longest) + p(8) * sequences;
}

/** Keys and values, or latents, of `tokens` of each sequence. [B] */
function stored(shape: AttentionLaunch, tokens: number): number {
  return readsLatents(shape) ? latentBytes(shape, tokens) : keyValueBytes(shape, tokens);
}

/** Matrix work at the ceiling, or what the cache cannot hold at the sheet's bandwidth. [s] */
function floor(shape: AttentionLaunch, die: DieRates): number {
  const { sequences, queryTokens, context, seen, heads, headSize, valueHeadSize } = shape;
  const flop = 2 * sequences * queryTokens * seen * heads * (headSize + valueHeadSize);
  const bytes = queryBytes(shape) + stored(shape, context);
  const cached = shape.repeated === true ? die.cache : 0;
  return Math.max(flop / ceilingOf(shape, die), Math.max(0, bytes - cached) / die.bandwidth);
}

function features(shape: AttentionLaunch): readonly number[] {
  const { sequences, queryTokens, seen, heads } = shape;
  return [
    octaves(queryTokens),
    octaves(seen),
    octaves(heads),
    octaves(sequences),
    octaves(sequences * heads * queryTokens),
    octaves(sequences * heads * queryTokens * seen),
  ];
}

/** Multi-head latent attention of prompts and chunks of prompts. */
export const mlaPrefill: OperatorFamily<AttentionLaunch> = {
  class: 'latent-attention-prefill',
  parameters,
  time,
  floor,
  features,
  group: latentGroup,
  sweep: (shape) => ({ along: `${latentGroup(shape)} ${shape.sequences}`, at: shape.queryTokens }),
  shapeOf: ({ attention }) => attention,
  standIn: attentionPrefill,
  inStep: withoutHost,
};
