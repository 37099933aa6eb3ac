import { bytesPerElement } from '../../../catalogue/format.ts';
import type { DieRates, FittedParameter, OperatorFamily } from '../family.ts';
import { headGroup, headSizeFactor, headSizeParameters, keyValueBytes, lengthSweep, octaves, queryBytes, type AttentionLaunch } from './attention-shape.ts';

/** Query rows that every kernel multiplies with one reading of the keys. */
const SHARED_ROWS = 32;
/** Rows of the smallest matrix tile. */
const TILE = 16;
/** Tokens from which on some kernels cut a longer length into more parts. */
const shortest = 64;
/** Sequences beyond which a variable-length launch is no longer sorted. */
const SORTED = 992;

const parameters: readonly FittedParameter[] = [
  { name: 'floor', unit: 's', min: 1e-6, max: 80e-6, start: 9e-6 },
  { name: 'bandwidth', unit: 'of the sheet', min: 0.3, max: 0.98, start: 0.88 },
  { name: 'cacheBandwidth', unit: 'of the memory bandwidth', min: 0.8, max: 8, start: 2 },
  { name: 'cached', unit: 'of the cache', min: 0.1, max: 1.5, start: 0.6 },
  { name: 'coreBandwidth', unit: "of a core's part of the bandwidth", min: 1, max: 8, start: 2 },
  { name: 'ramp', unit: 'B', min: 1e3, max: 1e8, start: 1e6 },
  { name: 'item', unit: 's', min: 0.05e-6, max: 40e-6, start: 2e-6 },
  { name: 'row', unit: 's', min: 1e-10, max: 1e-6, start: 2e-8 },
  { name: 'token', unit: 's', min: 1e-11, max: 1e-7, start: 2e-9 },
  { name: 'sequence', unit: 's', min: 1e-11, max: 1e-5, start: 1e-9 },
  { name: 'apart', unit: '1', min: 0.01, max: 1, start: 0.3 },
  { name: 'split', unit: 's', min: 1e-8, max: 2e-5, start: 1e-6 },
  { name: 'part', unit: 's/B', min: 1e-15, max: 1e-11, start: 1e-13 },
  { name: 'matrix', unit: 'of the ceiling', min: 0.02, max: 1, start: 0.3 },
  { name: 'occupancy', unit: 'items a core', min: 0.02, max: 16, start: 1 },
  { name: 'singleOccupancy', unit: 'of the occupancy', min: 0.003, max: 1, start: 1, hold: 10 },
  { name: 'splitTokens', unit: 'tokens', min: 32, max: 1e5, start: 128 },
  { name: 'pass', unit: 'rows', min: 1, max: 128, start: 128, also: [64, 64], hold: 10 },
  { name: 'single', unit: 'of an item', min: 0.1, max: 2, start: 1, hold: 10 },
  { name: 'unseen', unit: 'of tokens before the window', min: 0, max: 1, start: 0.1 },
  { name: 'either', unit: '1', min: 1, max: 4, start: 1.5 },
  { name: 'grouped', unit: 's', min: 1e-9, max: 2e-5, start: 1e-8 },
  { name: 'singleRows', unit: 'rows', min: 1.5, max: 8, start: 1.5 },
  { name: 'mostSplits', unit: '1', min: 1, max: 512, start: 500, also: [8], hold: 10 },
  { name: 'lengthening', unit: 'of the occupancy for an octave of length', min: 0, max: 1, start: 0, also: [0.5], hold: 10 },
  { name: 'chain', unit: 's/token', min: 1e-11, max: 1e-6, start: 1e-11, also: [5e-8], hold: 10 },
  { name: 'queued', unit: 's/item', min: 1e-12, max: 1e-5, start: 1e-12, also: [1e-12, 2e-6], hold: 10 },
  { name: 'queue', unit: 'items', min: 100, max: 1e6, start: 1e6, also: [1e6, 1000], hold: 10 },
  ...headSizeParameters(),
];
const at = new Map(parameters.map(({ name }, i) => [name, i]));
const HEAD_SIZE = at.get('head64') ?? 0;

/**
 * Attention of decoding sequences. Work items are (sequence, KV head, part of the length); an item costs a start, its query rows and its
 * tokens, and cores take turns. Beside that stand traffic (keys and values, queries and outputs, at memory bandwidth or out of the cache)
 * and matrix work in tiles of 16 rows; the longest counts whole, of the others the part that does not overlap. Where items are fewer than
 * cores the length is split and the parts are reduced. Query heads that share keys are worked on together, or each on its own where that
 * is quicker (`either`); a group too large for one reading is read in several passes. One kernel puts its items in a queue one by one, the
 * more slowly the longer it is, unless there are too many sequences to sort.
 */
function time(shape: AttentionLaunch, die: DieRates, parameters: ArrayLike<number>): number {
  const rows = (shape.heads / shape.keyValueHeads) * shape.queryTokens;
  if (rows > SHARED_ROWS) return timeInPasses(shape, die, parameters, rows, Math.max(1, rows / (parameters[17] ?? 1)));
  const together = timeInPasses(shape, die, parameters, rows, 1);
  const either = parameters[20] ?? 1;
  return rows > 1 && either < 3.9 ? Math.min(together, either * timeInPasses(shape, die, parameters, rows, rows)) : together;
}

function timeInPasses(shape: AttentionLaunch, die: DieRates, parameters: ArrayLike<number>, rows: number, passes: number): number {
  const p = (i: number): number => parameters[i] ?? 0;
  const { sequences, keyValueHeads, headSize } = shape;
  const size = headSizeFactor(headSize, parameters, HEAD_SIZE);
  const tokens = Math.max(1, shape.seen);
  const items = sequences * keyValueHeads * passes;
  const single = rows < p(22) * passes;
  const occupancy = p(14) * (single && (passes <= 1 || rows > SHARED_ROWS) ? p(15) : 1);
  const wide = headSize / 128;
  const counted = single ? tokens : tokens + p(19) * (shape.context - tokens);
  const blocks = Math.max(1, Math.ceil(counted / p(16)));
  const places = die.cores * occupancy * (1 + p(24) * Math.max(0, octaves(counted / shortest) - 1));
  const splits = Math.min(Math.max(1, places / items), blocks, p(23));
  const turns = (items * splits) / die.cores;
  const active = Math.min(1, turns);

  const keyValue = keyValueBytes(shape, tokens);
  const queries = queryBytes(shape);
  const held = shape.repeated === true && die.cache > 0 ? Math.min(1, Math.max(0, 2 - keyValue / (p(3) * die.cache))) : 0;
  const memoryRate = die.bandwidth * p(1) * Math.min(1, active * p(4));
  const cacheRate = die.bandwidth * p(2) * active;
  const fromCache = (held * (keyValue * passes + queries) + (1 - held) * (passes - 1) * keyValue) / cacheRate;
  const fromMemory = (1 - held) * ((keyValue + queries) / memoryRate + p(5) / die.bandwidth);
  const traffic = (fromCache + fromMemory) * size;

  const perItem = p(6) * (single ? p(18) : 1) + p(7) * (rows / passes) * wide + ((p(8) * tokens) / splits) * wide;
  const work = Math.max(1, turns) * perItem * size + (p(25) * tokens) / splits;

  const tileRows = passes * Math.ceil(rows / passes / TILE) * TILE;
  const flop = 2 * sequences * keyValueHeads * tileRows * tokens * (headSize + shape.valueHeadSize);
  const matrix = flop / (die.ceiling * p(13) * active);

  const longest = Math.max(traffic, work, matrix);
  const rest = p(10) * (traffic + work + matrix - longest);
  const reduced = splits > 1 ? p(11) * Math.min(1, splits - 1) + (splits - 1) * queries * p(12) : 0;
  const queued = sequences * keyValueHeads;
  const ordered = sequences <= SORTED ? p(9) * sequences + p(26) * queued * (1 + queued / p(27)) : 0;
  const arranged = ordered + (single || sequences <= 1 || keyValueHeads <= 1 ? 0 : p(21));
  return p(0) + longest + rest + reduced + arranged;
}

/** Matrix work at the ceiling, or what the cache cannot hold at the sheet's bandwidth. [s] */
function floor(shape: AttentionLaunch, die: DieRates): number {
  const tokens = shape.seen;
  const { sequences, queryTokens, heads, headSize, valueHeadSize } = shape;
  const bytes = keyValueBytes(shape, tokens) + queryBytes(shape);
  const flop = 2 * sequences * queryTokens * heads * tokens * (headSize + valueHeadSize);
  const cached = shape.repeated === true ? die.cache : 0;
  return Math.max(flop / die.ceiling, Math.max(0, bytes - cached) / die.bandwidth);
}

function features(shape: AttentionLaunch): readonly number[] {
  const { sequences, heads, keyValueHeads, headSize } = shape;
  return [
    octaves(sequences),
    octaves(shape.seen),
    octaves(sequences * keyValueHeads),
    octaves((heads / keyValueHeads) * shape.queryTokens),
    octaves(headSize),
    octaves(shape.context),
    octaves(sequences * keyValueHeads * shape.seen * headSize * bytesPerElement[shape.keyValueFormat]),
  ];
}

/** Multi-head, grouped-query and multi-query attention with one or a few query tokens of each sequence. */
export const attentionDecode: OperatorFamily<AttentionLaunch> = {
  class: 'attention-decode',
  parameters,
  time,
  floor,
  features,
  group: headGroup,
  sweep: lengthSweep,
  shapeOf: ({ attention }) => attention,
};
