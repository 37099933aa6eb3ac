import { bytesPerElement } from '../../../catalogue/format.ts';
import { exp, ln } from '../../../kernel/elementary.ts';
import type { DieRates, FittedParameter, OperatorFamily } from '../family.ts';
import { chosenBlocks, isLoneWave, narrowBlocks, wideBlocks } from './blocks.ts';

/** `groups` products C[m, n] = A[m, k] B[k, n] in one launch, each with weights of its own. */
export interface GemmShape {
  readonly m: number;
  readonly n: number;
  readonly k: number;
  /** Absent: one. */
  readonly groups?: number | undefined;
}

/** Constants of the formula, in the order in which `time` reads them. */
const parameters: readonly FittedParameter[] = [
  { name: 'floor', unit: 's', min: 5e-7, max: 6e-5, start: 4e-6 },
  { name: 'host', unit: 's', min: 1e-7, max: 5e-4, start: 1e-7, also: [3e-5] },
  { name: 'plateau', unit: 'share of peak', min: 0.2, max: 1, start: 0.75 },
  { name: 'memory', unit: 'share of bandwidth', min: 0.4, max: 1, start: 0.9 },
  { name: 'core-bandwidth', unit: 'share of bandwidth / cores', min: 0.5, max: 16, start: 2 },
  { name: 'tile', unit: 's', min: 2e-8, max: 1e-5, start: 6e-7 },
  { name: 'depth', unit: 's per element of k', min: 1e-11, max: 1e-8, start: 5e-10 },
  { name: 'split', unit: 's', min: 1e-7, max: 1e-4, start: 2e-6 },
  { name: 'tail', unit: 'share of a wave', min: 0.05, max: 1, start: 0.8 },
  { name: 'corner', unit: 'exponent', min: 1, max: 8, start: 2.5 },
  { name: 'rows', unit: 's per row', min: 1e-13, max: 4e-8, start: 1e-10 },
  { name: 'elements', unit: 's per element of A', min: 1e-15, max: 1e-11, start: 1e-13 },
  { name: 'resident', unit: 'share of cache', min: 0.01, max: 1, start: 0.05 },
  { name: 'hit', unit: 'bandwidth of hits / memory', min: 1, max: 4, start: 1.3 },
  { name: 'grain', unit: 'rows', min: 16, max: 256, start: 128 },
  { name: 'single', unit: 's', min: 0, max: 3e-5, start: 0 },
  { name: 'few', unit: 's', min: 1e-7, max: 2e-5, start: 1e-7, also: [9e-6] },
  { name: 'few-depth', unit: 's per element of k', min: 1e-13, max: 1e-8, start: 1e-13, also: [2.5e-9] },
  { name: 'many', unit: 's', min: 1e-7, max: 2e-5, start: 1e-7, also: [8e-6] },
  { name: 'blocks', unit: 'quickest of all, or chosen of narrow ones from 0.1, of wide ones from 0.6', min: 0, max: 1, start: 0.05, also: [0.05, 0.3, 0.9] },
  { name: 'crossed', unit: 'factor where a block crosses scales', min: 1, max: 2, start: 1.1 },
  { name: 'lone', unit: 's per element of k', min: 1e-10, max: 1e-7, start: 1e-10, also: [1e-10, 1e-10, 2e-8] },
  { name: 'again', unit: 'share of blocks that read A anew', min: 1e-4, max: 1, start: 1e-4, also: [1e-4, 0.1, 0.1] },
];

const FLOOR = 0;
const HOST = 1;
const PLATEAU = 2;
const MEMORY = 3;
const CORE_BANDWIDTH = 4;
const TILE = 5;
const DEPTH = 6;
const SPLIT = 7;
const TAIL = 8;
const CORNER = 9;
const ROWS = 10;
const ELEMENTS = 11;
const RESIDENT = 12;
const HIT = 13;
const GRAIN = 14;
const SINGLE = 15;
const FEW = 16;
const FEW_DEPTH = 17;
const MANY = 18;
const BLOCKS = 19;
const CROSSED = 20;
const LONE = 21;
const AGAIN = 22;

/**
 * Rows and columns of C that one core works on at once; the quickest is taken. Libraries turn products of few rows round, so that the matrix
 * engine's least rows are those of the weights: 16 rows cost what 16 rows cost. Those that choose blocks work on 64 at least.
 */
const tiles: readonly (readonly [number, number])[] = [
  [16, 64],
  [64, 64],
  [64, 128],
  [128, 128],
  [128, 256],
];
const grains = [16, 32, 64, 128, 256] as const;
const most = 256;
const mostSmall = 128;
/** A host that enqueues operators one by one takes at least this long for one; a replayed graph takes none of its time. [s] */
const leastHost = 1.5e-5;
/** Rows for which some libraries have a kernel with a least time of its own. */
const fewest = 2;
const mostFew = 8;
/** Tiles of columns under which that kernel cuts the depth. */
const fewestAcross = 4;
/** Depth from which it cuts it in two at most. */
const deepest = 16_384;
/** Rows beyond which kernels for many rows are taken. */
const leastMany = 64;
const depths = 64;
/** Parts that the depth is cut into where there are fewer tiles than cores. */
const splits = [1, 2, 4, 8, 16] as const;
const side = 128;
const outputBytes = 2;
const partialBytes = 4;
/** One scale of a byte for 16 elements. */
const fp4Scales = 1 / 16;

function elementBytes({ format }: DieRates): number {
  return bytesPerElement[format] + (format === 'fp4' ? fp4Scales : 0);
}

/** From where a library chooses its blocks by a rule instead of the quickest, and from where wide ones are among them. */
const chosenFrom = 0.1;
const wideFrom = 0.6;
/** Depth of a block that is loaded at once; columns of weights that share a scale. */
const blockDepth = 128;

/** Busy time of the cores where a library chooses the blocks before it knows which are quickest. */
function chosenTime({ m, n, k, groups = 1 }: GemmShape, die: DieRates, bytes: number, p: ArrayLike<number>): number {
  const wide = (p[BLOCKS] as number) >= wideFrom;
  const { rows, columns } = chosenBlocks(m, n, groups, die.cores, wide ? wideBlocks : narrowBlocks);
  const rate = (die.peak * (p[PLATEAU] as number)) / die.cores;
  const load = ((p[CORE_BANDWIDTH] as number) * die.bandwidth) / die.cores;
  const crossed = blockDepth % columns === 0 || columns % blockDepth === 0 ? 1 : (p[CROSSED] as number);
  const lone = wide && groups === 1 && isLoneWave(m, n, die.cores) ? (p[LONE] as number) : 0;
  const each = Math.max((2 * rows * columns * crossed) / rate, ((Math.min(rows, m) + columns) * bytes) / load, p[DEPTH] as number, lone);
  const waves = (Math.ceil(m / rows) * Math.ceil(n / columns) * groups) / die.cores;
  const whole = waves < 1 ? 1 : waves + (p[TAIL] as number) * (Math.ceil(waves) - waves);
  return whole * (Math.ceil(k / blockDepth) * blockDepth * each + (p[TILE] as number));
}

/** Busy time of the cores: waves of tiles, each the slowest of multiplying, loading and the latency of its depth. */
function coreTime({ m, n, k, groups = 1 }: GemmShape, die: DieRates, bytes: number, p: ArrayLike<number>): number {
  const rate = (die.peak * (p[PLATEAU] as number)) / die.cores;
  const load = ((p[CORE_BANDWIDTH] as number) * die.bandwidth) / die.cores;
  const latency = p[DEPTH] as number;
  const splitTime = p[SPLIT] as number;
  const tail = p[TAIL] as number;
  // Beyond one large tile, clusters of cores take rows in grains.
  const grain = grains.find((size) => size * Math.SQRT2 > (p[GRAIN] as number)) ?? most;
  const taken = m > mostSmall ? Math.ceil(m / grain) * grain : m;
  let best = Infinity;
  for (const [rows, columns] of tiles) {
    const count = Math.ceil(taken / rows) * Math.ceil(n / columns) * groups;
    const each = Math.max((2 * rows * columns) / rate, ((Math.min(rows, m) + Math.min(columns, n)) * bytes) / load, latency);
    for (const parts of splits) {
      const waves = (count * parts) / die.cores;
      const whole = waves < 1 ? 1 : waves + tail * (Math.ceil(waves) - waves);
      const depth = Math.ceil(k / parts / depths) * depths;
      let time = whole * (depth * each + (p[TILE] as number));
      if (parts > 1) time += splitTime + (parts * m * n * groups * partialBytes) / die.bandwidth;
      if (time < best) best = time;
      if (waves >= 1) break;
    }
  }
  return best;
}

/**
 * The least time of kernels that a library has for a range of rows: of a few, where their columns do not fill the cores, and of many. That
 * for few rows walks the whole depth, in waves of wide tiles, unless there are hardly any columns.
 */
function leastOf({ m, n, k, groups = 1 }: GemmShape, start: number, die: DieRates, p: ArrayLike<number>): number {
  if (m > mostFew) return m > leastMany ? (p[MANY] as number) : 0;
  const across = Math.ceil(n / most) * groups;
  const own = m > fewest && across < die.cores ? (p[FEW] as number) : 0;
  const parts = across >= fewestAcross ? 1 : k < deepest ? Infinity : 2;
  return Math.max(own, start + (Math.ceil(across / die.cores) * k * (p[FEW_DEPTH] as number)) / parts);
}

/** x to the power y > 0. */
function power(x: number, y: number): number {
  return x > 0 ? exp(y * ln(x)) : 0;
}

/** Dense matrix products, the quantisation in front of them included where the kernel of a table does it. */
export const gemm: OperatorFamily<GemmShape> = {
  class: 'gemm',
  parameters,

  time(shape, die, p) {
    const { m, n, k, groups = 1 } = shape;
    const bytes = elementBytes(die);
    const weights = groups * n * k * bytes;
    const capacity = (p[RESIDENT] as number) * die.cache;
    const hit = weights < capacity ? 1 - weights / capacity : 0;
    const again = Math.max(0, groups * m * k * bytes - die.cache) * (p[AGAIN] as number) * Math.ceil(n / blockDepth);
    const moved = weights * (1 - hit * (1 - 1 / (p[HIT] as number))) + groups * (m * k * bytes + m * n * outputBytes) + again;
    const memory = moved / (die.bandwidth * (p[MEMORY] as number));
    const cores = (p[BLOCKS] as number) < chosenFrom ? coreTime(shape, die, bytes, p) : chosenTime(shape, die, bytes, p);
    const more = Math.max(cores, memory);
    const corner = p[CORNER] as number;
    const joined = more * power(1 + power(Math.min(cores, memory) / more, corner), 1 / corner);
    const start = (p[FLOOR] as number) + (m <= 1 ? (p[SINGLE] as number) : 0);
    const device = start + joined + groups * m * ((p[ROWS] as number) + k * (p[ELEMENTS] as number));
    const host = p[HOST] as number;
    return Math.max(host > leastHost ? host : 0, leastOf(shape, start, die, p), device);
  },

  floor({ m, n, k, groups = 1 }, die) {
    const uncached = groups * n * k * elementBytes(die) - die.cache;
    return Math.max((2 * groups * m * n * k) / die.ceiling, uncached / die.bandwidth);
  },

  /** Sizes, tiles of 128 x 128, and the share of the last row of tiles that is empty. */
  features({ m, n, k, groups = 1 }) {
    const down = Math.ceil(m / side);
    return [octaves(m), octaves(n * groups), octaves(k), octaves(down * Math.ceil(n / side) * groups), m > side ? octaves((down * side) / m) : 0];
  },

  group({ n, k, groups = 1 }) {
    return `${n}x${k}x${groups}`;
  },

  sweep: ({ m, n, k, groups = 1 }) => ({ along: `${n}x${k}x${groups}`, at: m }),

  shapeOf: ({ shape }) => shape,

  /**
   * Steps are replayed from graphs, and quantise rows in an operator of its own in front of narrow products: of the two launches that the
   * benchmark times, the product keeps one.
   */
  inStep(p, { format }) {
    p[HOST] = 0;
    if (bytesPerElement[format] >= 2) return;
    p[FLOOR] = (p[FLOOR] as number) / 2;
    p[ROWS] = 0;
    p[ELEMENTS] = 0;
  },
};

function octaves(x: number): number {
  return ln(Math.max(1, x)) / Math.LN2;
}
