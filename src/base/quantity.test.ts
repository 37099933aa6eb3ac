import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatQuantity, formatTime, parseQuantity, significant } from './quantity.ts';

describe('quantities', () => {
  test.each([
    ['4.8 TB/s', 'bandwidth', 4.8e12],
    ['400 Gb/s', 'bandwidth', 50e9],
    ['64 GiB', 'bytes', 64 * 2 ** 30],
    ['50ms', 'time', 0.05],
    ['376 TFLOPS', 'compute', 376e12],
    ['2.3 $/h', 'money-rate', 2.3 / 3600],
  ] as const)('%s is read into SI units', (text, kind, value) => {
    expect(parseQuantity(text, kind).value).toBeCloseTo(value, 12);
  });

  test.each([
    ['50', 'time', /bare number/],
    ['4.8 TB/s', 'bytes', /quantity of bandwidth/],
    ['4.8 XB', 'bytes', /unknown unit/],
    ['NaN ms', 'time', /expected a quantity/],
    ['', 'time', /expected a quantity/],
    ['1e999 s', 'time', /finite/],
  ] as const)('"%s" as %s is refused', (text, kind, message) => {
    expect(parseQuantity(text, kind).problem).toMatch(message);
  });

  test('what is printed reads back within its digits', () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-3, max: 1e17, noNaN: true }), (value) => {
        const parsed = parseQuantity(formatQuantity(value, 'B', 6).replaceAll(',', ''), 'bytes');
        expect(Math.abs((parsed.value ?? 0) / value - 1)).toBeLessThan(1e-5);
      }),
    );
  });

  test('what is nothing but an error of rounding is 0', () => {
    expect([significant(4.4e-16), significant(-4.4e-16), significant(0), significant(1e-12)]).toEqual(['0', '0', '0', '0.000000000001']);
  });

  test('numbers keep their significant digits', () => {
    expect([significant(1943.4), significant(0.0494), significant(12_345_678, 3), formatTime(0.0494), formatTime(84)]).toEqual([
      '1,943',
      '0.0494',
      '12,345,678',
      '49.4 ms',
      '84.0 s',
    ]);
  });
});
