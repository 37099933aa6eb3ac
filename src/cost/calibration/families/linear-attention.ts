import { bytesPerElement } from '../../../catalogue/format.ts';
import type { RecurrenceShape } from '../../../model/operator.ts';
import type { DieRates, FittedParameter, OperatorFamily } from '../family.ts';
import { octaves } from './attention-shape.ts';

/** One launch over recurrent states as it was measured or is to be priced. */
export interface RecurrenceLaunch extends RecurrenceShape {
  /** The same launch ran before it, as in a benchmark: what fits the cache is found there. */
  readonly repeated?: boolean | undefined;
}

/** Queries, keys, values and outputs. [B] */
const BETWEEN = bytesPerElement.bf16;

/** Queries and keys. [B] */
function keyBytes({ sequences, queryTokens, keyHeads, keyHeadSize }: RecurrenceLaunch): number {
  return sequences * queryTokens * 2 * keyHeads * keyHeadSize * BETWEEN;
}

/** Values in, outputs out. [B] */
function valueBytes({ sequences, queryTokens, valueHeads, valueHeadSize }: RecurrenceLaunch): number {
  return sequences * queryTokens * 2 * valueHeads * valueHeadSize * BETWEEN;
}

/** Queries, keys and values in, outputs out. [B] */
function tokenBytes(shape: RecurrenceLaunch): number {
  return keyBytes(shape) + valueBytes(shape);
}

/** States of all sequences and heads, once. [B] */
function stateBytes({ sequences, valueHeads, keyHeadSize, valueHeadSize, stateElement }: RecurrenceLaunch): number {
  return sequences * valueHeads * keyHeadSize * valueHeadSize * stateElement;
}

/** How much of `bytes` a repeated launch finds in the cache: all up to a share of it, nothing beyond twice that. */
function heldShare({ repeated }: RecurrenceLaunch, bytes: number, cache: number): number {
  return repeated === true && cache > 0 ? Math.min(1, Math.max(0, 2 - bytes / cache)) : 0;
}

function cachedBytes({ repeated }: RecurrenceLaunch, { cache }: DieRates): number {
  return repeated === true ? cache : 0;
}

function headGroup({ keyHeads, valueHeads }: RecurrenceLaunch): string {
  return `${keyHeads} ${valueHeads}`;
}

const scanParameters: readonly FittedParameter[] = [
  { name: 'floor', unit: 's', min: 1e-6, max: 3e-4, start: 12e-6 },
  { name: 'serial', unit: 's/token', min: 1e-10, max: 1e-6, start: 2e-8 },
  { name: 'item', unit: 's', min: 1e-8, max: 5e-5, start: 2e-6 },
  { name: 'occupancy', unit: 'heads a core', min: 0.25, max: 16, start: 1 },
  { name: 'matrix', unit: 'of the ceiling', min: 0.005, max: 1, start: 0.2 },
  { name: 'bandwidth', unit: 'of the sheet', min: 0.1, max: 2, start: 0.6 },
  { name: 'keyPasses', unit: 'times queries and keys', min: 0.5, max: 20, start: 4 },
  { name: 'valuePasses', unit: 'times values and outputs', min: 0.5, max: 20, start: 4 },
  { name: 'state', unit: 'of the sheet', min: 0.05, max: 2, start: 0.5 },
  { name: 'apart', unit: '1', min: 0.01, max: 1, start: 0.3 },
  { name: 'token', unit: 's', min: 1e-13, max: 1e-9, start: 1e-12 },
  { name: 'wave', unit: 'share of a wave', min: 0, max: 1, start: 0.5 },
];

/**
 * Scan over prompts. A state passes through its tokens one chunk after another: each (sequence, head) is a chain, and cores take turns with
 * chains. Beside that stand the matrix work of the chunks, and queries, keys, values and what kernels hand to each other. States are read
 * and written on top.
 */
function scanTime(shape: RecurrenceLaunch, die: DieRates, parameters: ArrayLike<number>): number {
  const p = (i: number): number => parameters[i] ?? 0;
  const { sequences, queryTokens, valueHeads } = shape;
  const turns = (sequences * valueHeads) / (die.cores * p(3));
  const waves = turns <= 1 ? 1 : turns + p(11) * (Math.ceil(turns) - turns);
  const chain = waves * (p(2) + queryTokens * p(1));
  const matrix = shape.matrixFlop / (die.ceiling * p(4));
  const traffic = (keyBytes(shape) * p(6) + valueBytes(shape) * p(7)) / (die.bandwidth * p(5)) + sequences * queryTokens * valueHeads * p(10);
  const longest = Math.max(chain, matrix, traffic);
  return p(0) + longest + p(9) * (chain + matrix + traffic - longest) + (2 * stateBytes(shape)) / (die.bandwidth * p(8));
}

const updateParameters: readonly FittedParameter[] = [
  { name: 'floor', unit: 's', min: 5e-7, max: 3e-4, start: 4e-6 },
  { name: 'bandwidth', unit: 'of the sheet', min: 0.05, max: 1, start: 0.85 },
  { name: 'cacheBandwidth', unit: 'of the memory bandwidth', min: 1, max: 6, start: 2 },
  { name: 'cached', unit: 'of the cache', min: 0.1, max: 1, start: 0.6 },
  { name: 'item', unit: 's', min: 1e-9, max: 2e-5, start: 1e-6 },
  { name: 'sequence', unit: 's', min: 1e-10, max: 1e-6, start: 1e-9 },
];

/** Update of states by one token of each sequence: bound by reading and writing them, and by turns of the cores over (sequence, head). */
function updateTime(shape: RecurrenceLaunch, die: DieRates, parameters: ArrayLike<number>): number {
  const p = (i: number): number => parameters[i] ?? 0;
  const { sequences, queryTokens, valueHeads } = shape;
  const bytes = stateBytes(shape) * (1 + queryTokens) + tokenBytes(shape);
  const held = heldShare(shape, stateBytes(shape), p(3) * die.cache);
  const traffic = (bytes * (held / p(2) + 1 - held)) / (die.bandwidth * p(1));
  const turns = Math.max(1, (sequences * valueHeads) / die.cores);
  return p(0) + Math.max(traffic, turns * queryTokens * p(4)) + sequences * p(5);
}

const convolutionParameters: readonly FittedParameter[] = [
  { name: 'floor', unit: 's', min: 5e-7, max: 3e-4, start: 2e-6 },
  { name: 'bandwidth', unit: 'of the sheet', min: 0.05, max: 1, start: 0.7 },
  { name: 'cacheBandwidth', unit: 'of the memory bandwidth', min: 1, max: 6, start: 2 },
  { name: 'cached', unit: 'of the cache', min: 0.1, max: 1, start: 0.6 },
  { name: 'serial', unit: 's/token', min: 1e-11, max: 1e-6, start: 2e-7 },
  { name: 'block', unit: 'tokens', min: 2, max: 1024, start: 8 },
  { name: 'row', unit: 's/(sequence channel)', min: 1e-15, max: 1e-10, start: 1e-13 },
  { name: 'sequence', unit: 's', min: 1e-10, max: 1e-6, start: 1e-9 },
];

/** Short convolution over queries, keys and values: a block of tokens is a chain; traffic in and out; the last tokens of each sequence kept. */
function convolutionTime(shape: RecurrenceLaunch, die: DieRates, parameters: ArrayLike<number>): number {
  const p = (i: number): number => parameters[i] ?? 0;
  const { sequences, queryTokens } = shape;
  const channels = channelsOf(shape);
  const bytes = 2 * sequences * queryTokens * channels * BETWEEN;
  const held = heldShare(shape, bytes, p(3) * die.cache);
  const traffic = (bytes * (held / p(2) + 1 - held)) / (die.bandwidth * p(1));
  return p(0) + Math.min(queryTokens - 1, p(5)) * p(4) + traffic + sequences * (channels * p(6) + p(7));
}

function channelsOf({ keyHeads, valueHeads, keyHeadSize, valueHeadSize }: RecurrenceLaunch): number {
  return 2 * keyHeads * keyHeadSize + valueHeads * valueHeadSize;
}

function features(shape: RecurrenceLaunch): readonly number[] {
  const { sequences, queryTokens, valueHeads, keyHeads } = shape;
  return [
    octaves(sequences),
    octaves(queryTokens),
    octaves(sequences * valueHeads),
    octaves(sequences * valueHeads * queryTokens),
    octaves(valueHeads / keyHeads),
  ];
}

/** Prompts through recurrent states, chunk by chunk. */
export const linearScan: OperatorFamily<RecurrenceLaunch> = {
  class: 'linear-attention-prefill',
  parameters: scanParameters,
  time: scanTime,
  floor: (shape, die) => Math.max(shape.matrixFlop / die.ceiling, (tokenBytes(shape) + stateBytes(shape) - cachedBytes(shape, die)) / die.bandwidth),
  features,
  group: headGroup,
  shapeOf: ({ recurrence }) => recurrence,
};

/** One new token of each decoding sequence into its states. */
export const linearUpdate: OperatorFamily<RecurrenceLaunch> = {
  class: 'linear-attention-decode',
  parameters: updateParameters,
  time: updateTime,
  floor: (shape, die) => (2 * stateBytes(shape) - cachedBytes(shape, die)) / die.bandwidth,
  features,
  group: headGroup,
  shapeOf: ({ recurrence }) => recurrence,
};

/** The short convolution in front of a recurrence, over prompts and over decoding sequences. */
export const shortConvolution: OperatorFamily<RecurrenceLaunch> = {
  class: 'short-convolution',
  parameters: convolutionParameters,
  time: convolutionTime,
  floor: (shape, die) => (2 * shape.sequences * shape.queryTokens * channelsOf(shape) * BETWEEN - cachedBytes(shape, die)) / die.bandwidth,
  features: (shape) => [
    octaves(shape.sequences),
    octaves(shape.queryTokens),
    octaves(channelsOf(shape)),
    octaves(shape.sequences * shape.queryTokens * channelsOf(shape)),
  ],
  group: headGroup,
  shapeOf: ({ recurrence }) => recurrence,
};
