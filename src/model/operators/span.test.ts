import fc from 'fast-check';
import { expect, test } from 'vitest';
import { limitedContext, limitedPairs } from './span.ts';

test('a limit on what each query sees equals the sum over queries, for fresh prompts and for chunks behind a prefix', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 0, max: 300 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 400 }),
      (length, prefix, sequences, limit) => {
        let pairs = 0;
        let seen = 0;
        for (let position = prefix + 1; position <= prefix + length; position++) {
          pairs += position;
          seen += Math.min(position, limit);
        }
        const found = limitedPairs(length * sequences, sequences, (prefix + length) * sequences, pairs * sequences, limit);
        expect(Math.abs(found / (seen * sequences) - 1)).toBeLessThan(1e-9);
        expect(limitedPairs(length * sequences, sequences, (prefix + length) * sequences, pairs * sequences, undefined)).toBe(pairs * sequences);
      },
    ),
  );
});

test('decoding sequences see their context up to the limit', () => {
  expect(limitedContext(4096 * 3, 3, undefined)).toBe(4096 * 3);
  expect(limitedContext(4096 * 3, 3, 128)).toBe(384);
  expect(limitedContext(60, 3, 128)).toBe(60);
});
