import type { DieRates, FittedParameter, OperatorFamily } from '../family.ts';
import { headGroup, headSizeFactor, headSizeParameters, keyValueBytes, lengthSweep, octaves, queryBytes, type AttentionLaunch } from './attention-shape.ts';

/** Query rows of a work item. */
const TILE = 128;
/** Elements that the threads that write one token's keys to the cache are made for. */
const WRITE_WIDTH = 512;

const parameters: readonly FittedParameter[] = [
  { name: 'floor', unit: 's', min: 1e-6, max: 80e-6, start: 10e-6 },
  { name: 'matrix', unit: 'of the ceiling', min: 0.1, max: 1, start: 0.6 },
  { name: 'diagonal', unit: 'tokens', min: 1, max: 512, start: 64 },
  { name: 'item', unit: 's', min: 1e-8, max: 6e-5, start: 3e-6 },
  { name: 'first', unit: 's', min: 1e-8, max: 6e-5, start: 3e-6 },
  { name: 'bandwidth', unit: 'of the sheet', min: 0.05, max: 4, start: 0.7 },
  { name: 'apart', unit: '1', min: 0.01, max: 1, start: 0.5 },
  { name: 'latency', unit: 's/token', min: 1e-10, max: 2e-7, start: 1e-8 },
  { name: 'token', unit: 's', min: 1e-13, max: 1e-9, start: 1e-12 },
  { name: 'sequence', unit: 's', min: 1e-11, max: 1e-6, start: 1e-10 },
  { name: 'windowed', unit: 'tokens', min: 1, max: 1024, start: 32 },
  { name: 'unfilled', unit: 'of an item', min: 0.02, max: 1, start: 0.5 },
  { name: 'packed', unit: '1', min: 0, max: 1, start: 0.5 },
  { name: 'keyValueToken', unit: 's', min: 1e-13, max: 1e-9, start: 1e-12 },
  { name: 'vector', unit: 's/token', min: 1e-12, max: 1e-7, start: 1e-9 },
  { name: 'cached', unit: 'of the cache', min: 0.1, max: 1.5, start: 0.5 },
  { name: 'cachedCost', unit: 'of the traffic', min: 0.02, max: 1, start: 0.7 },
  { name: 'unseen', unit: 'of the keys outside the window', min: 0, max: 1, start: 0.05 },
  { name: 'placed', unit: 's', min: 1e-13, max: 1e-7, start: 1e-10 },
  { name: 'masked', unit: 'of the work', min: 0.5, max: 3, start: 1 },
  { name: 'one', unit: 's', min: 1e-10, max: 1e-5, start: 1e-9 },
  ...headSizeParameters(),
];
const HEAD_SIZE = parameters.findIndex(({ name }) => name === 'head64');

/**
 * Attention of new tokens under a causal mask. A work item is a tile of 128 query rows; small groups of query heads share a tile. It costs
 * a start and the keys it visits, those beyond the diagonal included; cores take turns, and none is done before the longest item. Traffic
 * is queries, outputs, keys and values; vector work and the rest of what grows with tokens is linear beside the quadratic part.
 */
function time(shape: AttentionLaunch, die: DieRates, parameters: ArrayLike<number>): number {
  const p = (i: number): number => parameters[i] ?? 0;
  const { sequences, queryTokens, context, seen, heads, keyValueHeads, headSize, valueHeadSize, window } = shape;
  const size = headSizeFactor(headSize, parameters, HEAD_SIZE) * (window > 0 ? p(19) : 1);
  const rows = (heads / keyValueHeads) * queryTokens;
  const packed = keyValueHeads * Math.ceil(rows / TILE);
  const items = sequences * (p(12) * packed + (1 - p(12)) * heads * Math.ceil(queryTokens / TILE));
  const filled = Math.min(1, (sequences * heads * queryTokens) / (items * TILE));
  const windowed = window > 0 && window < context;
  const tail = Math.min(p(2), 0.5 * queryTokens) + (windowed ? p(10) : 0);
  const perToken = (2 * TILE * (headSize + valueHeadSize) * size * die.cores) / (die.ceiling * p(1)) + p(14);
  const turns = items / die.cores;
  const start = p(3) * (window > 0 ? p(19) : 1) * (headSize / 128) * (p(11) + (1 - p(11)) * filled);
  const all = context - (queryTokens - 1) / 2;
  const visited = seen + (windowed ? p(17) * Math.max(0, all - seen) : 0) + tail;
  const last = windowed ? window + p(17) * (context - window) + tail : context;
  const work = Math.max(turns * (start + visited * perToken), last * p(7));
  const bytes = queryBytes(shape) + keyValueBytes(shape, Math.min(context, queryTokens + (windowed ? window : context)));
  const tokens = sequences * queryTokens;
  const held = shape.repeated === true && die.cache > 0 ? Math.min(1, Math.max(0, 2 - bytes / (p(15) * die.cache))) : 0;
  const width = (keyValueHeads * headSize) / WRITE_WIDTH;
  const wide = (width * width) / (0.5 + width * width);
  const cost = bytes / (die.bandwidth * p(5)) + tokens * (heads * p(8) + keyValueHeads * p(13) + p(18) * wide);
  const traffic = cost * (1 - held * (1 - p(16)));
  const longest = Math.max(work, traffic);
  return p(0) + (queryTokens > 1 ? p(4) : p(20) * sequences * keyValueHeads) + longest + p(6) * (work + traffic - longest) + p(9) * sequences;
}

/** Matrix work at the ceiling, or what the cache cannot hold at the sheet's bandwidth. [s] */
function floor(shape: AttentionLaunch, die: DieRates): number {
  const { sequences, queryTokens, context, seen, heads, headSize, valueHeadSize } = shape;
  const flop = 2 * sequences * queryTokens * seen * heads * (headSize + valueHeadSize);
  const bytes = queryBytes(shape) + keyValueBytes(shape, Math.min(context, queryTokens + (shape.window > 0 ? shape.window : context)));
  const cached = shape.repeated === true ? die.cache : 0;
  return Math.max(flop / die.ceiling, Math.max(0, bytes - cached) / die.bandwidth);
}

function features(shape: AttentionLaunch): readonly number[] {
  const { sequences, queryTokens, seen, heads, keyValueHeads, headSize } = shape;
  return [
    octaves(queryTokens),
    octaves(seen),
    octaves(sequences * heads),
    octaves(heads / keyValueHeads),
    octaves(headSize),
    octaves(sequences * heads * queryTokens),
    octaves(keyValueHeads * headSize),
    octaves(sequences),
  ];
}

/** Multi-head, grouped-query and multi-query attention of prompts and chunks of prompts. */
export const attentionPrefill: OperatorFamily<AttentionLaunch> = {
  class: 'attention-prefill',
  parameters,
  time,
  floor,
  features,
  group: headGroup,
  sweep: lengthSweep,
  shapeOf: ({ attention }) => attention,
};
