import type { RowShape } from '../../../model/operator.ts';
import type { DieRates, FittedParameter, OperatorFamily } from '../family.ts';
import { octaves } from './attention-shape.ts';

/** Constants of the formula, in the order in which `time` reads them. */
const parameters: readonly FittedParameter[] = [
  { name: 'floor', unit: 's', min: 1e-6, max: 2e-5, start: 2e-6 },
  { name: 'row', unit: 's', min: 1e-9, max: 1e-5, start: 3e-7 },
  { name: 'column', unit: 's per element of a row', min: 1e-13, max: 3e-9, start: 3e-10 },
  { name: 'occupancy', unit: 'rows a block of 1,024 threads', min: 0.5, max: 16, start: 2, also: [1] },
  { name: 'wave', unit: 'share of a wave', min: 0, max: 1, start: 0.3, also: [0.9] },
  { name: 'memory', unit: 'share of bandwidth', min: 0.1, max: 1, start: 0.8 },
  { name: 'cached', unit: 'B/s a core, of what the cache holds', min: 5e9, max: 3e11, start: 4e10 },
  { name: 'held', unit: 'share of cache', min: 0.05, max: 1, start: 0.5 },
  { name: 'kept', unit: 'share of what is held', min: 0.01, max: 1, start: 0.1, also: [0.9] },
  { name: 'apart', unit: '1', min: 0.01, max: 1, start: 0.2 },
];

const FLOOR = 0;
const ROW = 1;
const COLUMN = 2;
const OCCUPANCY = 3;
const WAVE = 4;
const MEMORY = 5;
const CACHED = 6;
const HELD = 7;
const KEPT = 8;
const APART = 9;

function bytesOf({ rows, width, bytes }: RowShape): number {
  return rows * width * bytes;
}

/**
 * One block of threads walks one row, column by column: cores, each with as many blocks as it holds, take turns with rows, and a launch of few wide rows waits for the walk of one. Beside that
 * stands the traffic; what the operator in front left in the cache, and what this one leaves there, moves at the rate of the cores.
 */
function time(shape: RowShape, die: DieRates, p: ArrayLike<number>): number {
  const at = (i: number): number => p[i] as number;
  const turns = shape.rows / (die.vectorCores * die.blocks * at(OCCUPANCY));
  const waves = turns <= 1 ? 1 : turns + at(WAVE) * (Math.ceil(turns) - turns);
  const walk = waves * (at(ROW) + shape.width * at(COLUMN));
  const bytes = bytesOf(shape);
  const memory = die.bandwidth * at(MEMORY);
  const cache = Math.max(memory, die.vectorCores * at(CACHED));
  const held = at(HELD) * die.cache;
  const inside = held > 0 ? Math.max(bytes * Math.min(1, Math.max(0, 2 - bytes / held)), at(KEPT) * Math.min(bytes, held)) : 0;
  const traffic = inside / cache + (bytes - inside) / memory;
  return at(FLOOR) + Math.max(walk, traffic) + at(APART) * Math.min(walk, traffic);
}

/** A kernel of the vector engine over rows. */
function rowKernel(name: string): OperatorFamily<RowShape> {
  return {
    class: name,
    parameters,
    time,
    floor: (shape, die) => (bytesOf(shape) - die.cache) / die.bandwidth,
    features: ({ rows, width, bytes }) => [octaves(rows), octaves(width), octaves(rows * width * bytes)],
    group: ({ width }) => String(width),
    sweep: ({ rows, width, bytes }) => ({ along: `${width} ${bytes}`, at: rows }),
    shapeOf: (operator) => operator.rows,
  };
}

/** Root-mean-square norms of hidden states, with or without the residual added in front. */
export const norm: OperatorFamily<RowShape> = rowKernel('norm');
/** Gate times up. */
export const activation: OperatorFamily<RowShape> = rowKernel('activation');
/** Rotation of queries and keys by their positions. */
export const rope: OperatorFamily<RowShape> = rowKernel('rope');
/** Rows into a narrower format, their scales found on the way. */
export const quantise: OperatorFamily<RowShape> = rowKernel('quantise');
/** Sum of two rows, element by element. */
export const add: OperatorFamily<RowShape> = rowKernel('add');
/** Copies and sums of rows that no table times: they stream as a sum of two does. */
export const rowMove: OperatorFamily<RowShape> = { ...rowKernel('row-move'), standIn: add };

const FEW = parameters.length;
/** Rows up to which libraries gather one after another. */
const mostFew = 16;

/** Rows of a table of embeddings by their numbers. */
export const embedding: OperatorFamily<RowShape> = {
  ...rowKernel('embedding'),
  parameters: [...parameters, { name: 'few', unit: 's per row', min: 1e-9, max: 3e-6, start: 3e-7 }],
  time: (shape, die, p) => time(shape, die, p) + (shape.rows <= mostFew ? shape.rows * (p[FEW] as number) : 0),
};
