import type { ExpertLoads } from '../../../model/expert-load.ts';
import type { DieRates, OperatorFamily } from '../family.ts';
import { chosenBlocks, narrowBlocks, narrowWidths } from './blocks.ts';
import { corner, hardFloor, octaves, sumOf } from './grouped-product.ts';

/** One product per expert in one launch: C[rows, n] = A[rows, k] B[k, n], each expert with weights of its own. */
export interface GroupedGemmShape {
  readonly loads: ExpertLoads;
  readonly n: number;
  readonly k: number;
  /** Experts that the launch looks through, those without rows included. */
  readonly experts: number;
  /** Storage of one weight and of one element of A. [B] */
  readonly weightBytes: number;
  readonly inputBytes: number;
  /**
   * Rows of an expert that the host expects, where each expert has a buffer of its own and a count that only the device knows (masked).
   * Absent: the experts' rows stand one after another, each expert's filled up to whole blocks (contiguous).
   */
  readonly expected?: number | undefined;
}

const FLOOR = 0;
const EXPERT = 1;
const PLATEAU = 2;
const MEMORY = 3;
const CORE_BANDWIDTH = 4;
const BLOCK = 5;
const DEPTH = 6;
const TAIL = 7;
const AGAIN = 8;
const RESIDENT = 9;
const CROSSED = 10;

const outputBytes = 2;
/** Rows to which the rows of an expert are filled up where they stand one after another. */
const aligned = 128;
const contiguousBlocks = { heights: [aligned], widths: narrowWidths } as const;
/** Columns of weights that share a scale: a block of columns that does not divide them needs two. */
const scaled = 128;

/** Work of the cores: blocks of C in waves, each the slowest of multiplying, loading and the latency of its depth. */
function coreTime({ loads, n, k, experts, inputBytes, expected }: GroupedGemmShape, die: DieRates, p: ArrayLike<number>): number {
  const height = expected === undefined ? aligned : 0;
  let down = 0;
  if (expected === undefined) for (let i = 0; i < loads.length; i += 2) down += (loads[i] ?? 0) * Math.ceil((loads[i + 1] ?? 0) / height);
  const { rows, columns } =
    expected === undefined
      ? chosenBlocks(down * aligned, n, 1, die.cores, contiguousBlocks)
      : chosenBlocks(Math.max(1, expected), n, experts, die.cores, narrowBlocks);
  if (expected !== undefined) for (let i = 0; i < loads.length; i += 2) down += (loads[i] ?? 0) * Math.ceil((loads[i + 1] ?? 0) / rows);
  const rate = (die.peak * (p[PLATEAU] as number)) / die.cores;
  const load = ((p[CORE_BANDWIDTH] as number) * die.bandwidth) / die.cores;
  const crossed = scaled % columns === 0 ? 1 : (p[CROSSED] as number);
  const each = Math.max((2 * rows * columns * crossed) / rate, ((rows + columns) * inputBytes) / load, p[DEPTH] as number);
  const waves = (down * Math.ceil(n / columns)) / die.cores;
  const whole = waves < 1 ? 1 : waves + (p[TAIL] as number) * (Math.ceil(waves) - waves);
  return whole * (k * each + (p[BLOCK] as number));
}

/** A grouped product by itself, as its kernel is measured alone. */
export const groupedGemm: OperatorFamily<GroupedGemmShape> = {
  class: 'grouped-gemm',
  parameters: [
    { name: 'floor', unit: 's', min: 1e-6, max: 3e-4, start: 8e-6 },
    { name: 'expert', unit: 's per expert', min: 1e-10, max: 3e-6, start: 2e-8 },
    { name: 'plateau', unit: 'share of peak', min: 0.2, max: 1, start: 0.75 },
    { name: 'memory', unit: 'share of bandwidth', min: 0.4, max: 1, start: 0.85 },
    { name: 'core-bandwidth', unit: 'share of bandwidth / cores', min: 0.5, max: 16, start: 2 },
    { name: 'block', unit: 's', min: 2e-8, max: 1e-5, start: 6e-7 },
    { name: 'depth', unit: 's per element of k', min: 1e-11, max: 1e-8, start: 5e-10 },
    { name: 'tail', unit: 'share of a wave', min: 0.01, max: 1, start: 0.9 },
    { name: 'again', unit: 'share of blocks that read their rows anew', min: 1e-4, max: 1, start: 0.1 },
    { name: 'resident', unit: 'share of cache', min: 0.01, max: 1, start: 0.3 },
    { name: 'crossed', unit: 'factor where a block crosses scales', min: 1, max: 2, start: 1.1 },
  ],

  time(shape, die, p) {
    const { loads, n, k, experts, weightBytes, inputBytes } = shape;
    const { hit, rows } = sumOf(loads);
    const launch = (p[FLOOR] as number) + experts * (p[EXPERT] as number);
    if (hit === 0) return launch;
    const weights = hit * n * k * weightBytes;
    const resident = Math.min(weights, (p[RESIDENT] as number) * die.cache) / 2;
    const input = rows * k * inputBytes;
    const again = Math.max(0, input - die.cache) * (p[AGAIN] as number) * Math.ceil(n / scaled);
    const memory = (weights - resident + input + again + rows * n * outputBytes) / (die.bandwidth * (p[MEMORY] as number));
    return launch + corner(coreTime(shape, die, p), memory);
  },

  floor({ loads, n, k, weightBytes }, die) {
    return hardFloor(n * k, loads, weightBytes, die);
  },

  features({ loads, n, k }) {
    const { hit, rows } = sumOf(loads);
    return [octaves(n), octaves(k), octaves(hit), octaves(rows / Math.max(1, hit))];
  },

  group({ n, k, experts }) {
    return `${n}x${k}x${experts}`;
  },

  growth: ({ loads, n, k, experts }) => ({ along: `${n}x${k}x${experts}`, at: sumOf(loads).rows }),

  shapeOf({ shape, variant, weightBytes, activationBytes }) {
    if (shape === undefined) return undefined;
    const { m, n, k, groups } = shape;
    const rows = m * groups;
    const inputBytes = (activationBytes / rows - n * outputBytes) / k;
    const expected = variant?.endsWith(maskedVariant) === true ? m : undefined;
    return { loads: [groups, m], n, k, experts: groups, weightBytes: weightBytes / (groups * n * k), inputBytes, expected };
  },
};

/** How the variant of an operator ends whose experts have buffers of their own. */
const maskedVariant = 'masked';
