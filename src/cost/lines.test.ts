import fc from 'fast-check';
import { expect, test } from 'vitest';
import { lineOver, through, type Line, type Rows } from './lines.ts';

const from = 4097;
const to = 8192;
/** Times of a kernel that works in tiles of rows, and of one that does not; the second is ten times as long. */
const tiled =
  (tile: number, asked: Set<number> = new Set()): Rows['at'] =>
  (position) => {
    asked.add(position);
    return Float64Array.of(Math.ceil(position / tile) * 1e-3, 1e-2 * (1 + 1e-3 * position));
  };

function read(whole: Line, position: number, rows: Rows): number[] {
  const line = through(whole, position, rows);
  if (line === undefined) return [];
  return Array.from(line.first, (start, i) => start + ((line.last[i] ?? 0) - start) * (position - line.from) * line.scale);
}

test('steps are met where they are, whatever the tile: each kind of entries within the tolerance', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(1, 16, 64, 128, 100, 1000, 4096),
      fc.array(fc.integer({ min: from, max: to }), { minLength: 1, maxLength: 40 }),
      (tile, positions) => {
        const rows: Rows = { at: tiled(tile), ends: [1, 2] };
        const whole = lineOver(from, to, rows) as Line;
        for (const position of positions) {
          const exact = rows.at(position) as Float64Array;
          const own = read(whole, position, rows);
          for (const [i, time] of exact.entries()) expect(Math.abs((own[i] ?? 0) / time - 1), `${position} of tiles of ${tile}`).toBeLessThan(2e-4);
        }
      },
    ),
  );
});

test('a stretch is what it is whatever was asked before', () => {
  const rows: Rows = { at: tiled(100), ends: [2] };
  const asked = lineOver(from, to, rows) as Line;
  for (let position = from; position <= to; position += 7) read(asked, position, rows);
  for (let position = from; position <= to; position += 61) expect(read(asked, position, rows)).toEqual(read(lineOver(from, to, rows) as Line, position, rows));
});

test('tiles that divide the octave take a few rows each, and no more than there are', () => {
  const asked = new Set<number>();
  const rows: Rows = { at: tiled(256, asked), ends: [1, 2] };
  const whole = lineOver(from, to, rows) as Line;
  for (let position = from; position <= to; position++) read(whole, position, rows);
  expect(asked.size).toBeLessThan((8 * (to - from + 1)) / 256);
});

test('a stretch that is cut no more is a line between exact ends', () => {
  const rows: Rows = { at: tiled(1), ends: [1, 2] };
  const whole = lineOver(from, to, { at: (position) => (rows.at(position) as Float64Array).map((time) => time * time), ends: [1, 2] }, 0) as Line;
  expect(whole.straight).toBe(true);
});

test('where rows are not defined there is no line', () => {
  const rows: Rows = { at: (position) => (position > 6000 ? Float64Array.of(position) : undefined), ends: [1] };
  expect(lineOver(from, to, rows)).toBeUndefined();
  const gap: Rows = { at: (position) => (position > 7000 && position < 7100 ? undefined : Float64Array.of(position % 3)), ends: [1] };
  const whole = lineOver(from, to, gap) as Line;
  expect(through(whole, 7050, gap)).toBeUndefined();
  expect(read(whole, 5000, gap)[0]).toBeCloseTo(5000 % 3, 12);
});
