import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { measureText, parseMeasure, type Unit } from './measure.ts';

const units: readonly Unit[] = ['s', 'B', 'B/s', 'flop/s', 'tok/s', 'W', 'tok/J', '%', ''];

describe('measured figures', () => {
  test.each<[string, number, Unit]>([
    ['49.4 ms', 0.0494, 's'],
    ['1,943 tok/s', 1943, 'tok/s'],
    ['164 GB/s', 164e9, 'B/s'],
    ['400 Gb/s', 50e9, 'B/s'],
    ['660 TFLOPS', 660e12, 'flop/s'],
    ['10,401 W', 10_401, 'W'],
    ['9.9 tok/J', 9.9, 'tok/J'],
    ['+27 %', 0.27, '%'],
    ['-27 %', -0.27, '%'],
    ['336', 336, ''],
    ['671,000,000,000', 671e9, ''],
  ])('%s', (text, value, unit) => {
    const read = parseMeasure(text);
    expect(read).toEqual({ value: expect.closeTo(value, 9) as number, unit });
  });

  test.each(['', 'fast', '12 parsecs', '1.2.3 ms', 'ms'])('"%s" is none', (text) => {
    expect(parseMeasure(text)).toHaveProperty('problem');
  });

  test('what is written is read again, to the digits that are written', () => {
    // Smaller and larger figures than these are in no unit that is read.
    fc.assert(
      fc.property(fc.constantFrom(...units), fc.double({ min: 1e-3, max: 1e6, noNaN: true }), (unit, value) => {
        const read = parseMeasure(measureText(value, unit));
        expect('value' in read ? read.unit : read.problem).toBe(unit);
        expect('value' in read ? read.value / value : Number.NaN).toBeCloseTo(1, 1);
      }),
    );
  });
});
