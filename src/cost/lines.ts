/** Rows along whole numbers. */
export interface Rows {
  /** The row at a position; undefined where there is none. */
  at(this: void, position: number): Float64Array | undefined;
  /** Where entries of one kind end in a row, ascending: lines are judged by each kind alone. */
  readonly ends: readonly number[];
}

/**
 * A stretch of whole numbers over which rows are a straight line within the tolerance, or whose parts may be. A part is looked at when a position of
 * it is asked for, and what it is depends on nothing else.
 */
export interface Line {
  readonly from: number;
  readonly to: number;
  /** The rows at its start and at its end. */
  readonly first: Float64Array;
  readonly last: Float64Array;
  /** One over its length; 0 for a single position. */
  readonly scale: number;
  readonly straight: boolean;
  /** Length of its parts, those that were looked at, and how often they may be cut. */
  readonly size: number;
  readonly parts: (Line | undefined)[];
  readonly cuts: number;
  /** Where the way down to its parts has led, by equal pieces of it: the straight part that covers a piece, or the one that a piece is. */
  readonly pieces: (Line | undefined)[];
}

/** Largest relative error of a line where it is checked. Between kinks a cost is nearly linear, and a kink is at most twice as far off. */
const tolerance = 1e-4;
/** Where lines are checked, as shares of their length: out of step with tiles and waves, which are even parts of it. */
const checks = [0.4377, 0.78, 0.16] as const;
/** Pieces of a line by which its parts are looked up. */
const mostPieces = 512;
/** Positions of a stretch of which each has a row of its own where they are not on a line. */
const short = 8;

/**
 * A power of two of whole numbers, from the first to the last, cut in two at most `cuts` times in a row; undefined where an end has no row. Rows at
 * the ends of lines are exact: a step between two lines, as where a tile begins, is exact too.
 */
export function lineOver(from: number, to: number, rows: Rows, cuts: number = Infinity): Line | undefined {
  const first = rows.at(from);
  const last = from === to ? first : rows.at(to);
  return first === undefined || last === undefined ? undefined : stretch(from, to, first, last, rows, cuts);
}

/** Equal pieces of a stretch whose length is a power of two: their length, a power of two too, and how many there are. */
export function piecesOf({ from, to }: Line): { readonly size: number; readonly count: number } {
  const length = to - from + 1;
  const size = Math.max(Math.min(short, length), length / mostPieces);
  return { size, count: length / size };
}

/** The straight line over a position of a stretch; undefined where an end of it has no row. */
export function through(whole: Line, position: number, rows: Rows): Line | undefined {
  const { from, to, pieces } = whole;
  const { size: piece } = piecesOf(whole);
  const at = Math.floor((position - from) / piece);
  let line = pieces[at] ?? whole;
  while (!line.straight) {
    const beyond = position - line.from;
    const part = line.size === 1 ? beyond : beyond < line.size ? 0 : 1;
    const next = line.parts[part] ?? partOf(line, part, rows);
    if (next === undefined) return undefined;
    line.parts[part] = next;
    line = next;
    if (line.straight || line.to - line.from + 1 === piece) {
      if (pieces.length === 0) for (let i = from; i <= to; i += piece) pieces.push(undefined);
      pieces[at] ??= line;
    }
  }
  return line;
}

function partOf({ from: begin, to: end, first: before, last: behind, size, cuts }: Line, part: number, rows: Rows): Line | undefined {
  const from = begin + part * size;
  const to = from + size - 1;
  const first = from === begin ? before : rows.at(from);
  const last = to === end ? behind : from === to ? first : rows.at(to);
  return first === undefined || last === undefined ? undefined : stretch(from, to, first, last, rows, cuts - 1);
}

function stretch(from: number, to: number, first: Float64Array, last: Float64Array, rows: Rows, cuts: number): Line {
  const count = to - from + 1;
  const straight =
    cuts === 0 ||
    count <= 2 ||
    (count > short &&
      checks.every((check) => {
        const position = from + Math.floor((to - from) * check);
        const row = rows.at(position);
        return row !== undefined && isOn(row, first, last, (position - from) / (to - from), rows.ends);
      }));
  return { from, to, first, last, scale: count === 1 ? 0 : 1 / (to - from), straight, size: count > short ? count / 2 : 1, parts: [], cuts, pieces: [] };
}

/** Whether a row lies on a line: the entries of each kind all together. */
function isOn(row: Float64Array, first: Float64Array, last: Float64Array, share: number, ends: readonly number[]): boolean {
  let i = 0;
  for (const end of ends) {
    let whole = 0;
    let off = 0;
    for (; i < end; i++) {
      const time = row[i] as number;
      whole += time;
      const start = first[i] as number;
      off += Math.abs(start + ((last[i] as number) - start) * share - time);
    }
    if (off > tolerance * whole) return false;
  }
  return true;
}
