import { enlarged } from '../kernel/enlarged.ts';
import { piecesOf, type Line } from './lines.ts';

/** Positions of a power of two of whole numbers, in equal pieces. */
export interface Octave {
  readonly whole: Line;
  readonly from: number;
  /** Length of a piece, as a power of two. */
  readonly shift: number;
  /** Of each piece where the record of the line that covers it begins, from 1; 0 where none is known. */
  readonly records: Int32Array;
}

/** Entries of a record in front of its row: where the line begins and ends, and one over its length. */
export const recordHead = 3;
const firstRecords = 2;

/**
 * Straight lines over octaves of whole numbers, where something else is fixed, one behind the other: reading one off is two steps, to the piece that a
 * position is in and to the record.
 */
export class LineRows {
  readonly fixed: number;
  /** By their numbers: ]2^(o-1), 2^o]; null where there are no lines. */
  readonly octaves: (Octave | null | undefined)[] = [];
  /** Records: the head, then of each entry of a row what it is at the start, and its rise to the end. */
  rows: Float64Array<ArrayBuffer>;
  readonly #width: number;
  readonly #known: Map<Line, number> = new Map();

  /** `width`: entries of a row. */
  constructor(width: number, fixed: number = 0) {
    this.fixed = fixed;
    this.#width = width;
    this.rows = new Float64Array(firstRecords * (recordHead + 2 * width));
  }

  /** The record of the line over a position of an octave; -1 where it was not put there. */
  find({ records, from, shift }: Octave, position: number): number {
    return (records[(position - from) >> shift] as number) - 1;
  }

  /** The record of a line, which the octave is asked for from now on if it covers the piece that a position is in. */
  put({ records, from, shift }: Octave, position: number, line: Line): number {
    const record = this.#recordOf(line);
    const piece = (position - from) >> shift;
    const begin = from + (piece << shift);
    if (line.from <= begin && line.to >= begin + (1 << shift) - 1) records[piece] = record + 1;
    return record;
  }

  /** Adds the row at a position to the sums. `columns`: where each entry belongs in them. */
  add(record: number, position: number, columns: Int32Array, sums: Float64Array): void {
    const { rows } = this;
    const share = (position - (rows[record] as number)) * (rows[record + 2] as number);
    for (let i = 0, at = record + recordHead; i < columns.length; i++, at += 2) {
      const column = columns[i] as number;
      sums[column] = (sums[column] as number) + ((rows[at] as number) + (rows[at + 1] as number) * share);
    }
  }

  #recordOf(line: Line): number {
    const known = this.#known.get(line);
    if (known !== undefined) return known;
    const width = this.#width;
    const record = this.#known.size * (recordHead + 2 * width);
    if (record + recordHead + 2 * width > this.rows.length) this.rows = enlarged(this.rows, new Float64Array(2 * this.rows.length));
    const { rows } = this;
    rows[record] = line.from;
    rows[record + 1] = line.to;
    rows[record + 2] = line.scale;
    for (let i = 0; i < width; i++) {
      const start = line.first[i] as number;
      rows[record + recordHead + 2 * i] = start;
      rows[record + recordHead + 2 * i + 1] = (line.last[i] as number) - start;
    }
    this.#known.set(line, record);
    return record;
  }
}

/** The pieces of a line over an octave. */
export function octaveOf(whole: Line): Octave {
  const { size, count } = piecesOf(whole);
  return { whole, from: whole.from, shift: 31 - Math.clz32(size), records: new Int32Array(count) };
}
