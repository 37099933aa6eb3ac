import { ln } from '../../../kernel/elementary.ts';
import type { ExpertLoads } from '../../../model/expert-load.ts';
import type { DieRates, FittedParameter } from '../family.ts';

/** How operands are stored, what the kernel sees of the rows, and whether its launch was tuned for the shape. */
interface ProductLaunch {
  /** Storage of one weight and of one element of A. [B] */
  readonly weightBytes: number;
  readonly inputBytes: number;
  /** Rows of all tokens that the kernel sees, those of other dies' experts included, and experts on the die. */
  readonly expanded: number;
  readonly local: number;
  /** Whether the kernel's launch was tuned for this shape; absent: it was. */
  readonly tuned?: boolean | undefined;
}

/** Experts that are hit, and rows of all of them. */
export function sumOf(loads: ExpertLoads): { readonly hit: number; readonly rows: number } {
  let hit = 0;
  let rows = 0;
  for (let i = 0; i < loads.length; i += 2) {
    hit += loads[i] ?? 0;
    rows += (loads[i] ?? 0) * (loads[i + 1] ?? 0);
  }
  return { hit, rows };
}

/** Constants of a grouped product, in the order in which `groupedProduct` reads them. */
export const productParameters: readonly FittedParameter[] = [
  { name: 'plateau', unit: 'share of peak', min: 0.05, max: 0.95, start: 0.6 },
  { name: 'memory', unit: 'share of bandwidth', min: 0.04, max: 0.95, start: 0.8 },
  { name: 'tile', unit: 'rows', min: 8, max: 256, start: 64, also: [128, 128] },
  { name: 'load', unit: 'rows whose time a tile takes beside its own', min: 0.5, max: 400, start: 16 },
  { name: 'wave', unit: 'share of a wave', min: 0.01, max: 1, start: 0.3 },
  { name: 'depth', unit: 'elements of k', min: 1, max: 4000, start: 200 },
  { name: 'spread', unit: 'share of bandwidth that a tile a core lacks', min: 0.001, max: 8, start: 0.1 },
  { name: 'unaligned', unit: 'factor', min: 1, max: 6, start: 1.2 },
  { name: 'resident', unit: 'share of cache', min: 0.01, max: 1, start: 0.1 },
  { name: 'untuned', unit: 'factor', min: 1, max: 6, start: 1.2 },
  { name: 'again', unit: 'share of tiles that read their rows anew', min: 1e-4, max: 1, start: 0.01 },
  { name: 'least', unit: 'rows of the smallest tile', min: 8, max: 256, start: 8, also: [128, 16] },
  { name: 'empty', unit: 'rows whose time an empty row takes beside its own', min: 0, max: 2, start: 0 },
  { name: 'seen', unit: 'tiles for the rows of an expert, or from 0.5 for all rows that the kernel sees', min: 0, max: 1, start: 0, also: [0, 1] },
  { name: 'columns', unit: 'of a tile', min: 16, max: 256, start: 128 },
];

const outputBytes = 2;
/** Widths that are no multiple of this are loaded element by element. */
const alignment = 16;
const sides = [8, 16, 32, 64, 128, 256] as const;

/** The power of two that is nearest to a constant. */
function sideNear(constant: number): number {
  return sides.find((side) => side * Math.SQRT2 > constant) ?? 256;
}

/** The least power of two that holds the mean rows of an expert, between the smallest tile and the largest. */
function tileRows(mean: number, least: number, largest: number): number {
  const smallest = sideNear(least);
  let tile = smallest;
  while (tile < mean && tile < largest) tile *= 2;
  return Math.max(smallest, Math.min(tile, largest));
}

/**
 * Busy time of one grouped product: waves of tiles, ceil(rows / tile) for each expert, against reading the weights of the experts that are
 * hit, joined at the corner. `at` is where its constants begin. [s]
 */
export function groupedProduct(
  loads: ExpertLoads,
  n: number,
  k: number,
  { weightBytes, inputBytes, expanded, local, tuned }: ProductLaunch,
  die: DieRates,
  p: ArrayLike<number>,
  at: number,
): number {
  const { hit, rows } = sumOf(loads);
  if (hit === 0) return 0;
  const mean = (p[at + 13] ?? 0) < 0.5 ? rows / hit : expanded / local;
  const tile = tileRows(mean, p[at + 11] ?? 1, p[at + 2] ?? 1);
  let tiles = 0;
  for (let i = 0; i < loads.length; i += 2) tiles += (loads[i] ?? 0) * Math.max(1, Math.ceil((loads[i + 1] ?? 0) / tile));
  const columns = sideNear(p[at + 14] ?? 1);
  const across = Math.ceil(n / columns);
  const blocks = tiles * across;
  const waves = blocks / die.cores;
  const quantised = 1 + (p[at + 4] ?? 0) * (Math.ceil(waves) / waves - 1);
  const slow = n % alignment === 0 && k % alignment === 0 ? 1 : (p[at + 7] ?? 1);
  const empty = (tiles * tile - rows) * (p[at + 12] ?? 0);
  const flop = 2 * (tiles * (tile + (p[at + 3] ?? 0)) + empty) * across * columns * (k + (p[at + 5] ?? 0));
  const launch = slow * (tuned === false ? (p[at + 9] ?? 1) : 1);
  const compute = (flop * quantised * launch) / (die.peak * (p[at] ?? 1));
  const weights = hit * n * k * weightBytes;
  const resident = Math.min(weights, (p[at + 8] ?? 0) * die.cache) / 2;
  const input = rows * k * inputBytes;
  const again = Math.max(0, input - die.cache) * (p[at + 10] ?? 0) * across;
  const moved = weights - resident + input + again + rows * n * outputBytes;
  const memory = (moved * slow * (1 + (p[at + 6] ?? 0) / Math.max(waves, 1 / die.cores))) / (die.bandwidth * (p[at + 1] ?? 1));
  return corner(compute, memory);
}

/** The longer of two times, rounded where they meet: the cube root of the sum of their cubes. */
export function corner(a: number, b: number): number {
  const more = Math.max(a, b);
  const share = Math.min(a, b) / more;
  return more * cubeRootNearOne(share * share * share);
}

/** (1 + x)^(1/3) for 0 <= x <= 1, two steps of Newton from the chord: within 1e-6. */
function cubeRootNearOne(x: number): number {
  let root = 1 + 0.26 * x;
  for (let i = 0; i < 2; i++) root -= (root * root * root - 1 - x) / (3 * root * root);
  return root;
}

/** Base-2 logarithm, for coordinates of residuals. */
export function octaves(x: number): number {
  return ln(Math.max(1e-3, x)) / Math.LN2;
}

/** The least time for products of all rows with weights n x k of each expert hit, and for reading what no cache holds. [s] */
export function hardFloor(elements: number, loads: ExpertLoads, weightBytes: number, die: DieRates): number {
  const { hit, rows } = sumOf(loads);
  return Math.max((2 * rows * elements) / die.ceiling, (hit * elements * weightBytes - die.cache) / die.bandwidth);
}
