import { bytesPerElement } from '../../../catalogue/format.ts';
import type { DieRates, FittedParameter, OperatorFamily } from '../family.ts';
import { octaves, type AttentionLaunch } from './attention-shape.ts';

/** Bytes of a score. */
const SCORE = bytesPerElement.fp32;

/** Scores of all keys for all query tokens. [B] */
function scoreBytes({ sequences, queryTokens, seen }: AttentionLaunch): number {
  return sequences * queryTokens * seen * SCORE;
}

const scoreParameters: readonly FittedParameter[] = [
  { name: 'floor', unit: 's', min: 5e-7, max: 3e-4, start: 3.5e-6 },
  { name: 'key', unit: 's', min: 1e-11, max: 1e-7, start: 3e-9 },
  { name: 'tile', unit: 'query rows', min: 1, max: 128, start: 4 },
  { name: 'item', unit: 's', min: 1e-8, max: 5e-5, start: 5e-7 },
  { name: 'splits', unit: '1', min: 1, max: 256, start: 1 },
  { name: 'wave', unit: 'share of a wave', min: 0, max: 1, start: 0.5 },
  { name: 'matrix', unit: 'of the ceiling', min: 0.05, max: 1, start: 0.6 },
  { name: 'bandwidth', unit: 'of the sheet', min: 0.05, max: 1, start: 0.6 },
  { name: 'cacheBandwidth', unit: 'of the memory bandwidth', min: 1, max: 6, start: 2 },
  { name: 'cached', unit: 'of the cache', min: 0.05, max: 1, start: 0.5 },
  { name: 'apart', unit: '1', min: 0.01, max: 1, start: 0.3 },
  { name: 'ragged', unit: 'share', min: 0, max: 1, start: 0.5 },
];

/**
 * Scores of every key for every query token. A work item is a tile of query rows against all keys of their sequence, or against a part of
 * them where a kernel splits; a tile that spans short queries of several sequences walks the keys of all. Cores take turns. Beside that stand the matrix work over the heads of the index and the scores that are written.
 */
function scoreTime(shape: AttentionLaunch, die: DieRates, parameters: ArrayLike<number>): number {
  const p = (i: number): number => parameters[i] ?? 0;
  const { sequences, queryTokens, heads, headSize, seen } = shape;
  const spanned = 1 + p(11) * (Math.min(sequences, Math.max(1, p(2) / queryTokens)) - 1);
  const items = (sequences * Math.max(1, queryTokens / p(2))) / spanned;
  const splits = Math.min(Math.max(1, die.cores / items), p(4));
  const turns = (items * splits) / die.cores;
  const waves = turns <= 1 ? 1 : turns + p(5) * (Math.ceil(turns) - turns);
  const work = waves * (p(3) + (seen * spanned * p(1)) / splits);
  const matrix = (2 * sequences * Math.max(queryTokens, p(2)) * heads * headSize * seen) / (die.ceiling * p(6));
  const bytes = scoreBytes(shape);
  const held = shape.repeated === true && die.cache > 0 ? Math.min(1, Math.max(0, 2 - bytes / (p(9) * die.cache))) : 0;
  const traffic = (bytes * (held / p(8) + 1 - held)) / (die.bandwidth * p(7));
  const longest = Math.max(work, matrix, traffic);
  return p(0) + longest + p(10) * (work + matrix + traffic - longest);
}

const choiceParameters: readonly FittedParameter[] = [
  { name: 'floor', unit: 's', min: 5e-7, max: 3e-4, start: 8e-6 },
  { name: 'key', unit: 's', min: 1e-12, max: 1e-8, start: 2e-10 },
  { name: 'item', unit: 's', min: 1e-8, max: 5e-5, start: 3e-6 },
  { name: 'occupancy', unit: 'rows a core', min: 0.5, max: 16, start: 2 },
  { name: 'wave', unit: 'share of a wave', min: 0, max: 1, start: 0.5 },
  { name: 'bandwidth', unit: 'of the sheet', min: 0.03, max: 1, start: 0.5 },
  { name: 'apart', unit: '1', min: 0.01, max: 1, start: 0.3 },
];

/** Choice of the highest scores: one query row is a work item that walks its scores; beside that stands the reading of all scores. */
function choiceTime(shape: AttentionLaunch, die: DieRates, parameters: ArrayLike<number>): number {
  const p = (i: number): number => parameters[i] ?? 0;
  const turns = (shape.sequences * shape.queryTokens) / (die.cores * p(3));
  const waves = turns <= 1 ? 1 : turns + p(4) * (Math.ceil(turns) - turns);
  const work = waves * (p(2) + shape.seen * p(1));
  const traffic = scoreBytes(shape) / (die.bandwidth * p(5));
  const longest = Math.max(work, traffic);
  return p(0) + longest + p(6) * (work + traffic - longest);
}

function features({ sequences, queryTokens, seen, heads }: AttentionLaunch): readonly number[] {
  return [octaves(sequences), octaves(queryTokens), octaves(seen), octaves(sequences * queryTokens), octaves(sequences * queryTokens * seen), octaves(heads)];
}

const group = ({ heads, sequences }: AttentionLaunch): string => `${heads} ${sequences}`;
const shapeOf = ({ attention }: { readonly attention?: AttentionLaunch | undefined }): AttentionLaunch | undefined => attention;
const uncached = (shape: AttentionLaunch, die: DieRates): number => Math.max(0, scoreBytes(shape) - (shape.repeated === true ? die.cache : 0)) / die.bandwidth;

/** Scores of a sparse index: queries of its heads against one key of every earlier token. */
export const indexScores: OperatorFamily<AttentionLaunch> = {
  class: 'index-scores',
  parameters: scoreParameters,
  time: scoreTime,
  floor: (shape, die) => Math.max((2 * shape.sequences * shape.queryTokens * shape.heads * shape.headSize * shape.seen) / die.ceiling, uncached(shape, die)),
  features,
  group,
  shapeOf,
};

/** Choice of the keys with the highest scores. */
export const indexChoice: OperatorFamily<AttentionLaunch> = {
  class: 'index-top-k',
  parameters: choiceParameters,
  time: choiceTime,
  floor: uncached,
  features,
  group,
  shapeOf,
};
