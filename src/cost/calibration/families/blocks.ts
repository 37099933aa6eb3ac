/** Rows and columns of C that one core works on at once. */
export interface Blocks {
  readonly rows: number;
  readonly columns: number;
}

/** Columns of a block that kernels compiled for a shape choose from. */
const widths: readonly number[] = [...Array.from({ length: 15 }, (_, i) => 16 + 8 * i), 144, 160];
/** A block has at most this many rows or at most this many columns: its sums stay in registers. */
const side = 128;

/**
 * The blocks that a library which compiles a kernel for each shape chooses for `groups` products of m x n: the fewest waves over the cores,
 * then the fullest last wave; of equal ones the smaller in one direction, or the wider where both differ. As published with DeepSeek's
 * FP8 kernels (2025). `heights`: the rows of a block that the kernel may have, ascending.
 */
export function chosenBlocks(m: number, n: number, groups: number, cores: number, heights: readonly number[]): Blocks {
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
