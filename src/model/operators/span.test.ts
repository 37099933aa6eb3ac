import fc from 'fast-check';
import { expect, test } from 'vitest';
import { chunkedContext, chunkedPairs, limitedContext, limitedPairs } from './span.ts';

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

test('chunks equal the sum over queries of what stands in front of each in its own chunk', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 300 }),
      fc.integer({ min: 0, max: 300 }),
      fc.integer({ min: 1, max: 5 }),
      fc.integer({ min: 1, max: 100 }),
      (length, prefix, sequences, chunk) => {
        let pairs = 0;
        let seen = 0;
        for (let position = prefix + 1; position <= prefix + length; position++) {
          pairs += position;
          seen += ((position - 1) % chunk) + 1;
        }
        const found = chunkedPairs(length * sequences, sequences, (prefix + length) * sequences, pairs * sequences, chunk);
        expect(Math.abs(found / (seen * sequences) - 1)).toBeLessThan(1e-9);
      },
    ),
  );
});

test('decoding sequences see their first chunk whole, and behind it the mean over a chunk', () => {
  expect(chunkedContext(3 * 100, 3, 128)).toBe(300);
  const mean = Array.from({ length: 128 }, (_, i) => i + 1).reduce((sum, seen) => sum + seen, 0) / 128;
  expect(chunkedContext(3 * 5000, 3, 128)).toBe(3 * mean);
});
