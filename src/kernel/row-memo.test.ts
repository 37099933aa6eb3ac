import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RowMemo } from './row-memo.ts';

const rowOf = (key: readonly number[]): Float64Array => Float64Array.from([key[0] ?? 0, (key[1] ?? 0) * 3, 7]);

describe('rows that are kept by their keys', () => {
  test('what is found is the row of the key', () => {
    const key = fc.tuple(fc.oneof(fc.nat(40), fc.double({ min: 0, max: 1e12, noNaN: true })), fc.oneof(fc.nat(40), fc.constantFrom(2 ** 32, 2 ** 33, 0.5)));
    fc.assert(
      fc.property(fc.array(key, { maxLength: 600 }), (keys) => {
        const memo = new RowMemo(2, 2, 256);
        for (const one of keys) {
          memo.key.set(one);
          const at = memo.find();
          const row = rowOf(one).subarray(0, 2);
          expect([...(at < 0 ? row : memo.entries.subarray(at, at + 2))]).toEqual([...row]);
          if (at < 0) memo.keep(rowOf(one));
          expect(memo.find()).toBeGreaterThanOrEqual(0);
        }
      }),
    );
  });

  test('keys that come again are mostly found, as long as there are places for them', () => {
    const memo = new RowMemo(2, 2, 4096);
    let found = 0;
    for (let round = 0; round < 10; round++)
      for (let i = 0; i < 500; i++) {
        memo.key.set([i * 512, 3]);
        if (memo.find() >= 0) found++;
        else memo.keep(rowOf([i * 512, 3]));
      }
    expect(found / 4500).toBeGreaterThan(0.8);
    expect(found).toBeLessThanOrEqual(4500);
  });
});
