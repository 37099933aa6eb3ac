/** A stretch over which rows are a straight line within the tolerance, or two halves of one over which they are not. */
export interface Line {
  readonly from: number;
  readonly to: number;
  /** The row at its start, then its rise to the end. */
  readonly line: Float64Array;
  readonly halves?: readonly [Line, Line] | undefined;
}

/** Largest relative error of a line where it is checked. Between kinks a cost is nearly linear, and a kink is at most twice as far off. */
const tolerance = 1e-4;
const deepest = 9;

/** Lines between whole numbers over which `at` is exact at the ends of each; undefined where it is not defined. */
export function lineOver(from: number, to: number, at: (position: number) => Float64Array | undefined): Line | undefined {
  const start = at(from);
  const end = at(to);
  return start === undefined || end === undefined ? undefined : split(at, from, to, start, end, 0);
}

function split(
  at: (position: number) => Float64Array | undefined,
  from: number,
  to: number,
  start: Float64Array,
  end: Float64Array,
  depth: number,
): Line | undefined {
  const middle = Math.floor((from + to) / 2);
  const whole = { from, to, line: lineOf(start, end) };
  if (middle === from || depth === deepest) return whole;
  const exact = at(middle);
  if (exact === undefined) return undefined;
  const straight = (position: number, row: Float64Array | undefined): boolean => row === undefined || isOn(row, whole.line, (position - from) / (to - from));
  const quarters = [Math.floor((from + middle) / 2), Math.floor((middle + to) / 2)];
  if (straight(middle, exact) && quarters.every((position) => straight(position, at(position)))) return whole;
  const first = split(at, from, middle, start, exact, depth + 1);
  const second = split(at, middle, to, exact, end, depth + 1);
  return first === undefined || second === undefined ? undefined : { ...whole, halves: [first, second] };
}

function lineOf(start: Float64Array, end: Float64Array): Float64Array {
  const line = new Float64Array(2 * start.length);
  line.set(start);
  for (let i = 0; i < start.length; i++) line[start.length + i] = (end[i] as number) - (start[i] as number);
  return line;
}

/** Whether the times of a row lie on a line, all together. */
function isOn(row: Float64Array, line: Float64Array, share: number): boolean {
  let whole = 0;
  let off = 0;
  for (let i = 0; i < row.length; i++) {
    const time = row[i] as number;
    whole += time;
    off += Math.abs((line[i] as number) + (line[row.length + i] as number) * share - time);
  }
  return off <= tolerance * whole;
}
