import { bytesPerElement } from '../../../catalogue/format.ts';
import type { DieRates, FittedParameter, OperatorFamily } from '../family.ts';
import { octaves, queryBytes, type AttentionLaunch } from './attention-shape.ts';
import { ceilingOf, latentBytes, latentGroup, withoutHost } from './latent-shape.ts';

/** Query rows of the narrow kernel's tile, and those from which a kernel with wide tiles takes over: between them latents may be read again. */
const NARROW = 16;
const WIDE = 64;

const parameters: readonly FittedParameter[] = [
  { name: 'floor', unit: 's', min: 1e-6, max: 1e-3, start: 8e-6 },
  { name: 'bandwidth', unit: 'of the sheet', min: 0.2, max: 0.98, start: 0.85 },
  { name: 'cacheBandwidth', unit: 'of the memory bandwidth', min: 1.2, max: 8, start: 3 },
  { name: 'cached', unit: 'of the cache', min: 0.1, max: 1, start: 0.6 },
  { name: 'matrix', unit: 'of the ceiling', min: 0.45, max: 1, start: 0.8 },
  { name: 'tile', unit: 'rows', min: 16, max: 128, start: 80 },
  { name: 'item', unit: 's', min: 1e-8, max: 40e-6, start: 4e-6 },
  { name: 'row', unit: 's', min: 1e-10, max: 1e-6, start: 2e-8 },
  { name: 'token', unit: 's', min: 1e-11, max: 3e-6, start: 4e-9 },
  { name: 'splitTokens', unit: 'tokens', min: 32, max: 2048, start: 256 },
  { name: 'split', unit: 's', min: 1e-8, max: 2e-5, start: 2e-6 },
  { name: 'part', unit: 's/B', min: 1e-15, max: 1e-11, start: 1e-13 },
  { name: 'apart', unit: '1', min: 0.01, max: 1, start: 0.3 },
  { name: 'queries', unit: 'of the sheet', min: 0.05, max: 4, start: 0.6 },
  { name: 'again', unit: 'of a reading', min: 0, max: 1, start: 0.4 },
  { name: 'mostSplits', unit: '1', min: 2, max: 512, start: 128 },
];

/**
 * Decoding over latents: every query head reads the same latent, which is key and value at once. Work items are (sequence, tile of query
 * rows, part of the length); where items are fewer than cores the length is split and the parts are reduced. An item costs a start, its
 * rows and its tokens. Traffic (latents once per launch) and matrix work in whole tiles stand beside that: the longest counts whole, of the
 * others the part that does not overlap. Queries and outputs, which are as wide as the latents, come on top.
 */
function time(shape: AttentionLaunch, die: DieRates, parameters: ArrayLike<number>): number {
  const p = (i: number): number => parameters[i] ?? 0;
  const { sequences, queryTokens, heads, headSize, valueHeadSize } = shape;
  const tokens = Math.max(1, shape.seen);
  const rows = heads * queryTokens;
  const readings = rows > NARROW && rows < WIDE ? 1 + p(14) * (rows / NARROW - 1) : 1;
  const tiles = Math.max(1, rows / p(5));
  const items = sequences * Math.max(tiles, readings);
  const splits = Math.min(Math.max(1, die.cores / items), Math.max(1, tokens / p(9)), p(15));
  const turns = (items * splits) / die.cores;

  const bytes = latentBytes(shape, tokens);
  const queries = queryBytes(shape);
  const held = shape.repeated === true && die.cache > 0 ? Math.min(1, Math.max(0, 2 - bytes / (p(3) * die.cache))) : 0;
  const traffic = (bytes * readings * (held / p(2) + (1 - held) / p(1))) / die.bandwidth;
  const matrix = (2 * sequences * tiles * p(5) * tokens * (headSize + valueHeadSize)) / (ceilingOf(shape, die) * p(4));
  const work = Math.max(1, turns) * (p(6) + p(7) * Math.min(rows, p(5)) + (p(8) * tokens) / splits);

  const longest = Math.max(traffic, matrix, work);
  const reduced = splits > 1 ? p(10) * Math.min(1, splits - 1) + (splits - 1) * queries * p(11) : 0;
  return p(0) + longest + p(12) * (traffic + matrix + work - longest) + queries / (die.bandwidth * p(13)) + reduced;
}

/** Matrix work at the ceiling, or what the cache cannot hold at the sheet's bandwidth. [s] */
function floor(shape: AttentionLaunch, die: DieRates): number {
  const { sequences, queryTokens, heads, headSize, valueHeadSize, seen } = shape;
  const flop = 2 * sequences * queryTokens * heads * seen * (headSize + valueHeadSize);
  const bytes = latentBytes(shape, seen) + queryBytes(shape);
  const cached = shape.repeated === true ? die.cache : 0;
  return Math.max(flop / ceilingOf(shape, die), Math.max(0, bytes - cached) / die.bandwidth);
}

function features(shape: AttentionLaunch): readonly number[] {
  const { sequences, heads, queryTokens, seen, keyValueFormat } = shape;
  return [
    octaves(sequences),
    octaves(seen),
    octaves(heads * queryTokens),
    octaves(sequences * seen * bytesPerElement[keyValueFormat]),
    octaves(sequences * heads * queryTokens),
  ];
}

/** Multi-head latent attention with its projections absorbed, one or a few query tokens of each sequence. */
export const mlaDecode: OperatorFamily<AttentionLaunch> = {
  class: 'latent-attention-decode',
  parameters,
  time,
  floor,
  features,
  group: latentGroup,
  sweep: (shape) => ({ along: `${latentGroup(shape)} ${shape.sequences}`, at: shape.seen }),
  shapeOf: ({ attention }) => attention,
  inStep: withoutHost,
};
