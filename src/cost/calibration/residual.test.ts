import { describe, expect, test } from 'vitest';
import { fitResiduals } from './fit-residual.ts';
import { smoothed } from './residual.ts';

const points = Array.from({ length: 400 }, (_, i) => [i % 20, Math.floor(i / 20), (i * 7) % 3]);
const sample = (value: (point: readonly number[]) => number) => ({ points, values: Float64Array.from(points, value) });

/** Up and down between -1 and 1. */
const wave = (x: number): number => Math.abs((x % 8) - 4) / 2 - 1;

describe('a residual', () => {
  test('follows what varies smoothly over two features, and leaves the third alone', () => {
    const surface = ([x, y]: readonly number[]): number => 0.3 * (x! / 20) * (1 - y! / 20);
    const [residual] = fitResiduals(sample(surface), [{ tables: 1, knots: 6 }]);
    expect(residual?.tables.map(({ features }) => features)).toEqual([[0, 1]]);
    const at = smoothed(residual!);
    for (const point of points) expect(Math.abs(at(point) - surface(point))).toBeLessThan(0.025);
  });

  test('is constant beyond its knots', () => {
    const at = smoothed(
      fitResiduals(
        sample(([x]) => x! / 40),
        [{ tables: 1, knots: 5 }],
      )[0]!,
    );
    expect(at([100, 3, 1])).toBe(at([21, 3, 1]));
    expect(at([-100, 3, 1])).toBe(at([-2, 3, 1]));
  });

  test('is continuous where tables meet their knots', () => {
    const at = smoothed(
      fitResiduals(
        sample(([x, y]) => 0.2 * wave(x!) + 0.1 * wave(y! / 2)),
        [{ tables: 3, knots: 7 }],
      )[0]!,
    );
    for (let x = 0.5; x < 19; x += 0.5) expect(Math.abs(at([x + 1e-9, 7.3, 1]) - at([x - 1e-9, 7.3, 1]))).toBeLessThan(1e-6);
  });

  test('is none where nothing is left', () => {
    expect(
      fitResiduals(
        sample(() => 0),
        [{ tables: 3, knots: 6 }],
      ),
    ).toEqual([undefined]);
  });

  test('of more tables leaves no more than one of fewer', () => {
    const values = ([x, y, z]: readonly number[]): number => 0.1 * wave(x!) + 0.15 * wave(y! * z!) + 0.05 * z!;
    const sizes = [0, 1, 2, 3].map((tables) => ({ tables, knots: 8 }));
    const rest = fitResiduals(sample(values), sizes).map((residual) => {
      const at = residual === undefined ? () => 0 : smoothed(residual);
      return points.reduce((sum, point) => sum + Math.abs(at(point) - values(point)), 0);
    });
    for (let i = 1; i < rest.length; i++) expect(rest[i]!).toBeLessThanOrEqual(rest[i - 1]! * 1.02);
  });

  test('is not pulled by a few wild points', () => {
    const at = smoothed(fitResiduals({ points, values: Float64Array.from(points, (_, i) => (i % 40 === 0 ? 2 : 0.1)) }, [{ tables: 1, knots: 5 }])[0]!);
    expect(at([10, 10, 1])).toBeCloseTo(0.1, 1);
  });
});
