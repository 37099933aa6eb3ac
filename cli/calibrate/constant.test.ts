import { expect, test } from 'vitest';
import { constantText } from './constant.ts';

test.each<[number, string, string]>([
  [4.087e-6, 's', '4.087 µs'],
  [1e-7, 's', '100.0 ns'],
  [0, 's', '0 s'],
  [1.23e-8, 's per row', '12.30 ns per row'],
  [2.5e-9, 's/token', '2.500 ns/token'],
  [1_048_576, 'B', '1.049 MB'],
  [0.7, 'share of peak', '0.7000 share of peak'],
  [2, '1', '2.000'],
])('%d %s is %s', (value, unit, text) => {
  expect(constantText(value, unit)).toBe(text);
});
