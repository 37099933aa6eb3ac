/** Rows and columns of C that one core works on at once. */
export interface Blocks {
  readonly rows: number;
  readonly columns: number;
}

/** Rows and columns of a block that a library has kernels for, ascending. */
export interface BlockSizes {
  readonly heights: readonly number[];
  readonly widths: readonly number[];
}

const inSteps = (step: number): readonly number[] => Array.from({ length: 112 / step + 1 }, (_, i) => 16 + step * i);
/** Columns of a block that an early library compiles for a shape, and those of later ones: blocks that cross scales of 128 in one place only. */
export const narrowWidths: readonly number[] = [...inSteps(8), 144, 160];
export const wideBlocks: BlockSizes = { heights: [64, 128], widths: [...inSteps(16), 144, 160, 192, 256] };
export const narrowBlocks: BlockSizes = { heights: [64, 128, 256], widths: narrowWidths };

/** A block of an early library has at most this many rows or at most this many columns: its sums stay in registers. */
const side = 128;

/**
 * The blocks that a library which compiles a kernel for each shape chooses for `groups` products of m x n: the fewest waves over the cores,
 * then the fullest last wave; of equal ones the smaller in one direction, or the wider where both differ. As published for kernels
 * whose operands are scaled by blocks (2025).
 */
export function chosenBlocks(m: number, n: number, groups: number, cores: number, { heights, widths }: BlockSizes): Blocks {
  let rows = 0;
  let columns = 0;
  let fewest = Infinity;
  let fullest = 0;
  for (const height of heights) {
    const down = Math.ceil(m / height) * groups;
    for (const width of widths) {
      if (height > side && width > side) break;
      const count = down * Math.ceil(n / width);
      const waves = Math.ceil(count / cores);
      const last = count - (waves - 1) * cores;
      const better =
        waves !== fewest
          ? waves < fewest
          : last !== fullest
            ? last > fullest
            : (height === rows && width < columns) || (width === columns && height < rows) || (height !== rows && width > columns);
      if (!better) continue;
      rows = height;
      columns = width;
      fewest = waves;
      fullest = last;
    }
  }
  return { rows, columns };
}

/** Rows of which half a block of 128 is empty in any way of cutting them. */
const halfEmpty = 192;
/** How much fuller the tall blocks' wave must be to be taken before the widest. */
const fuller = 1.07;

/**
 * Whether a library of wide blocks makes a single wave of its widest ones, 128 x 192 or 128 x 256, because only those fit into one. Such
 * launches take two to four times the time of the same blocks in several waves: why is not known, the tables of two chips agree.
 */
export function isLoneWave(m: number, n: number, cores: number): boolean {
  if (m <= halfEmpty) return false;
  const one = (height: number, width: number): number => {
    const count = Math.ceil(m / height) * Math.ceil(n / width);
    return count <= cores ? count : 0;
  };
  // A narrower block is never in fewer waves: the widest of each height decides.
  if (one(side, 160) > 0 || one(side / 2, 256) > 0) return false;
  const widest = Math.max(one(side, 192), one(side, 256));
  if (widest === 0) return false;
  let tall = 0;
  for (const width of wideBlocks.widths) if (width <= side) tall = Math.max(tall, one(2 * side, width));
  return tall / widest < fuller;
}
