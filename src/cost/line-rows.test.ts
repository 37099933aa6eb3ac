import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LineRows, octaveOf } from './line-rows.ts';
import { lineOver, through, type Line, type Rows } from './lines.ts';

/** Rows with steps every so many positions, which short lines meet and long ones do not. */
const stepped = (tile: number): Rows => ({
  at: (position) => Float64Array.of(Math.ceil(position / tile) * 1e-3, 1e-2 * (1 + 1e-3 * position)),
  ends: [1, 2],
});

test('what is read off a record is what the line over the position says, in whatever order octaves and positions are asked for', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(3, 16, 100, 1000),
      fc.array(fc.tuple(fc.integer({ min: 7, max: 10 }), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })), { minLength: 1, maxLength: 60 }),
      (tile, asked) => {
        const rows = stepped(tile);
        const lines = new LineRows(2);
        const columns = Int32Array.of(2, 0);
        for (const [o, share] of asked) {
          const to = 2 ** o;
          const position = to / 2 + 1 + Math.floor((share * to) / 2);
          const octave = (lines.octaves[o] ??= octaveOf(lineOver(to / 2 + 1, to, rows) as Line));
          const line = through(octave.whole, position, rows) as Line;
          const known = lines.find(octave, position);
          const record = known >= 0 ? known : lines.put(octave, position, line);
          const sums = Float64Array.of(1, 2, 3);
          lines.add(record, position, columns, sums);
          const { first, last } = line;
          const rise = (entry: number): number => (last[entry] ?? 0) - (first[entry] ?? 0);
          const at = (entry: number): number => (first[entry] ?? 0) + rise(entry) * ((position - line.from) * line.scale);
          expect(Array.from(sums)).toEqual([1 + at(1), 2, 3 + at(0)]);
          expect(lines.rows[record + 1]).toBe(line.to);
        }
      },
    ),
  );
});

test('a line that covers a piece is known for all of it, one that is shorter is not', () => {
  const rows = stepped(3);
  const lines = new LineRows(2);
  const octave = octaveOf(lineOver(4097, 8192, { at: (position) => Float64Array.of(position), ends: [1] }) as Line);
  expect(lines.find(octave, 5000)).toBe(-1);
  lines.put(octave, 5000, octave.whole);
  for (let position = 4993; position <= 5000; position++) expect(lines.find(octave, position)).toBe(0);
  expect(lines.find(octave, 5001)).toBe(-1);
  const cut = octaveOf(lineOver(4097, 8192, rows) as Line);
  for (let position = 4993; position <= 5000; position++) {
    const line = through(cut.whole, position, rows) as Line;
    expect(line.to - line.from).toBeLessThan(7);
    lines.put(cut, position, line);
    expect(lines.find(cut, position)).toBe(-1);
  }
});
