import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { counterUniform, stream } from './random.ts';

/** Sum of (observed - expected)^2 / expected over equal cells; mean is cells - 1, variance twice that. */
function chiSquare(draw: () => number, cells: number, draws: number): number {
  const count = new Float64Array(cells);
  for (let i = 0; i < draws; i++) count[Math.floor(draw() * cells)]! += 1;
  const expected = draws / cells;
  return count.reduce((sum, c) => sum + (c - expected) ** 2 / expected, 0);
}

function correlation(x: readonly number[], y: readonly number[]): number {
  return (12 * x.reduce((sum, value, i) => sum + (value - 0.5) * ((y[i] ?? 0) - 0.5), 0)) / x.length;
}

const uniforms = (seed: number, name: string, count: number) => {
  const s = stream(seed, name);
  return Array.from({ length: count }, () => s.uniform());
};

const at = (f: (i: number) => number) => Array.from({ length: 20_000 }, (_, i) => f(i));

describe('random streams', () => {
  test('the same seed and name give the same numbers, pinned here', () => {
    const s = stream(1, 'arrivals');
    expect([s.next32(), s.next32(), s.next32()]).toEqual([1496141271, 1361809910, 3318320610]);
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.string(), (seed, name) => {
        expect(uniforms(seed, name, 4)).toEqual(uniforms(seed, name, 4));
      }),
    );
  });

  test('many numbers are those that are drawn one by one', () => {
    const [random, other] = [stream(3, 'lengths'), stream(3, 'lengths')];
    const many = new Float64Array(9);
    random.uniforms(many, 2, 7);
    expect([...many]).toEqual([0, 0, ...Array.from({ length: 5 }, () => other.uniform()), 0, 0]);
    expect(random.next32()).toBe(other.next32());
  });

  test.each(['arrivals', 'lengths', ''])('"%s" is uniform over 1,024 cells', (name) => {
    const s = stream(7, name);
    expect(Math.abs(chiSquare(() => s.uniform(), 1024, 200_000) - 1023)).toBeLessThan(5 * Math.sqrt(2 * 1023));
  });

  test('streams of neighbouring names and seeds are not correlated', () => {
    const reference = uniforms(1, 'a', 20_000);
    for (const [seed, name] of [
      [1, 'b'],
      [2, 'a'],
      [1, 'a '],
      [1 + 2 ** 32, 'a'],
      [1, ''],
    ] as const) {
      expect(Math.abs(correlation(reference, uniforms(seed, name, 20_000)))).toBeLessThan(5 / Math.sqrt(20_000));
    }
  });

  test('seeds that differ above bit 32 differ', () => expect(uniforms(1, 'a', 2)).not.toEqual(uniforms(1 + 2 ** 32, 'a', 2)));
});

describe('counter-based draws', () => {
  test('uniform along steps, along requests and along diagonals', () => {
    let i = 0;
    for (const draw of [() => counterUniform(0, 1, 5, i++), () => counterUniform(0, 1, i++, 5), () => counterUniform(0, 1, i, i++)]) {
      i = 0;
      expect(Math.abs(chiSquare(draw, 1024, 200_000) - 1023)).toBeLessThan(5 * Math.sqrt(2 * 1023));
    }
  });

  test('neighbours in request, step and seed are not correlated', () => {
    const reference = at((i) => counterUniform(0, 1, i, 9));
    for (const other of [
      at((i) => counterUniform(0, 1, i, 10)),
      at((i) => counterUniform(0, 1, i + 1, 9)),
      at((i) => counterUniform(0, 2, i, 9)),
      at((i) => counterUniform(1, 1, i, 9)),
    ])
      expect(Math.abs(correlation(reference, other))).toBeLessThan(5 / Math.sqrt(20_000));
  });

  test('no draw is repeated in a block of requests and steps', () => {
    const seen = new Set<number>();
    for (let a = 0; a < 300; a++) for (let b = 0; b < 300; b++) seen.add(counterUniform(0, 42, a, b));
    expect(seen.size).toBe(90_000);
  });
});
