import { bytesPerElement, type NumberFormat } from '../../../catalogue/format.ts';
import { peakOf } from '../../rates.ts';
import type { DieRates, FittedParameter, OperatorFamily } from '../family.ts';
import { octaves, type AttentionLaunch } from './attention-shape.ts';
import { ceilingOf, latentBytes } from './latent-shape.ts';

/** A whole attention block as a framework runs it: projections, core, and the index of a sparse one. */
export interface BlockLaunch extends AttentionLaunch {
  /** Elements of its weights on this die, and the format they are multiplied in. */
  readonly weights: number;
  readonly projection: NumberFormat;
  /** Heads of its index and the size of their keys together; 0 without one. */
  readonly indexWidth: number;
  /** Tokens that a token would see without an index, mean. */
  readonly visible: number;
}

const parameters: readonly FittedParameter[] = [
  { name: 'floor', unit: 's', min: 5e-6, max: 3e-3, start: 5e-5 },
  { name: 'memory', unit: 'of the sheet', min: 0.1, max: 1, start: 0.6 },
  { name: 'wide', unit: 'of the ceiling', min: 0.1, max: 1, start: 0.6 },
  { name: 'narrow', unit: 'of the ceiling', min: 0.1, max: 1, start: 0.5 },
  { name: 'bandwidth', unit: 'of the sheet', min: 0.1, max: 1, start: 0.8 },
  { name: 'matrix', unit: 'of the ceiling', min: 0.05, max: 1, start: 0.5 },
  { name: 'tile', unit: 'rows', min: 1, max: 128, start: 64 },
  { name: 'token', unit: 's', min: 1e-11, max: 1e-7, start: 2e-9 },
  { name: 'head', unit: 's/(token head)', min: 1e-13, max: 1e-8, start: 1e-11 },
  { name: 'sequence', unit: 's', min: 1e-10, max: 1e-5, start: 1e-8 },
  { name: 'index', unit: 'of the ceiling', min: 0.02, max: 1, start: 0.3 },
  { name: 'score', unit: 's', min: 1e-15, max: 1e-9, start: 1e-12 },
  { name: 'unfilled', unit: 'of a slot', min: 0, max: 1.5, start: 0.5 },
  { name: 'chain', unit: 's/token', min: 1e-12, max: 1e-7, start: 1e-10 },
  { name: 'perHead', unit: 's', min: 1e-9, max: 5e-6, start: 1e-7 },
  { name: 'key', unit: 's', min: 1e-12, max: 2e-8, start: 1e-9 },
  { name: 'choice', unit: 's', min: 1e-8, max: 1e-3, start: 1e-5 },
  { name: 'quantise', unit: 's', min: 1e-8, max: 1e-3, start: 1e-5 },
];

/** Query heads of a work item of the core, and query rows of one of the index. */
const TILE = 64;
const ROWS = 4;

/** What no kernel passes in a format. [flop/s] */
function ceilingIn(format: NumberFormat, die: DieRates): number {
  const own = peakOf(die.chip.die, format);
  return own === undefined ? die.ceiling : Math.min(own.peak.value, own.ceiling?.value ?? Infinity);
}

/**
 * Launches of a block one after another: its floors, that of quantising rows for narrow products, the projections (weights from memory or matrix work), the core (keys from memory or
 * matrix work in tiles of query rows, and the longest chain of keys), vector work by token and head, and with an index its scores (tiles of
 * rows walk all keys), the choice among them where there is one, and slots that a short context leaves empty.
 */
function time(shape: BlockLaunch, die: DieRates, parameters: ArrayLike<number>): number {
  const p = (i: number): number => parameters[i] ?? 0;
  const { sequences, queryTokens, heads, seen, visible, window, headSize, valueHeadSize, keyValueHeads, weights, projection, indexWidth } = shape;
  const tokens = sequences * queryTokens;
  const narrow = bytesPerElement[projection] < 2;
  const products = Math.max(
    (weights * bytesPerElement[projection]) / (die.bandwidth * p(1)),
    (2 * tokens * weights) / (ceilingIn(projection, die) * (narrow ? p(3) : p(2))),
  );
  const slots = window > 0 ? seen + p(12) * Math.max(0, window - seen) : seen;
  const rows = (heads / keyValueHeads) * queryTokens;
  const filled = Math.max(1, p(6) / rows);
  const matrix = (2 * tokens * heads * slots * (headSize + valueHeadSize) * filled) / (ceilingOf(shape, die) * p(5));
  const read = keyValueHeads === 1 ? latentBytes(shape, slots) : 2 * tokens * heads * (headSize + valueHeadSize);
  const turns = Math.max(1, (tokens * Math.max(1, heads / TILE)) / die.cores);
  const chain = slots * p(13) * (window > 0 ? turns : 1);
  const core = Math.max(matrix, read / (die.bandwidth * p(4)), chain);
  const scores = tokens * visible;
  const walks = visible * p(15) * Math.max(1, tokens / (ROWS * die.cores));
  const index = indexWidth > 0 ? Math.max((2 * scores * indexWidth) / (die.ceiling * p(10)), walks) + scores * p(11) + (shape.context > window ? p(16) : 0) : 0;
  return p(0) + (narrow ? p(17) : 0) + heads * p(14) + products + core + index + tokens * (p(7) + heads * p(8)) + sequences * p(9);
}

/** Projections and core at the ceilings, one after the other. [s] */
function floor(shape: BlockLaunch, die: DieRates): number {
  const { sequences, queryTokens, heads, seen, headSize, valueHeadSize, weights, projection } = shape;
  const tokens = sequences * queryTokens;
  return (2 * tokens * weights) / ceilingIn(projection, die) + (2 * tokens * heads * seen * (headSize + valueHeadSize)) / ceilingOf(shape, die);
}

function features({ sequences, queryTokens, visible, heads, weights, projection }: BlockLaunch): readonly number[] {
  return [
    octaves(sequences),
    octaves(queryTokens),
    octaves(visible),
    octaves(heads),
    octaves(sequences * queryTokens),
    octaves(sequences * queryTokens * visible),
    octaves(bytesPerElement[projection]),
    octaves(weights / heads),
  ];
}

const common = {
  parameters,
  time,
  floor,
  features,
  group: ({ heads }: BlockLaunch): string => String(heads),
  sweep: (shape: BlockLaunch): { readonly along: string; readonly at: number } => ({
    along: `${shape.heads} ${shape.weights} ${shape.projection} ${shape.sequences} ${shape.queryTokens > 1 ? shape.context - shape.queryTokens : 0}`,
    at: shape.queryTokens > 1 ? shape.queryTokens : shape.context,
  }),
};

/** Whole blocks of latent attention, and of latent attention behind a sparse index, over prompts and over decoding sequences. */
export const latentBlockPrefill: OperatorFamily<BlockLaunch> = { class: 'latent-block-prefill', ...common };
export const latentBlockDecode: OperatorFamily<BlockLaunch> = { class: 'latent-block-decode', ...common };
export const sparseBlockPrefill: OperatorFamily<BlockLaunch> = { class: 'sparse-block-prefill', ...common };
export const sparseBlockDecode: OperatorFamily<BlockLaunch> = { class: 'sparse-block-decode', ...common };
