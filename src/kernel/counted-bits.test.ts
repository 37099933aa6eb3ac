import fc from 'fast-check';
import { expect, test } from 'vitest';
import { CountedBits } from './counted-bits.ts';

test('says of every number how many are at most as great, whatever is put in and taken out', () => {
  const count = 200;
  fc.assert(
    fc.property(fc.array(fc.nat(count), { maxLength: 300 }), (turned) => {
      const bits = new CountedBits(count);
      const model = new Set<number>();
      for (const n of turned) {
        if (n === count) {
          bits.clear();
          model.clear();
        } else if (model.delete(n)) bits.delete(n);
        else {
          bits.add(n);
          model.add(n);
        }
      }
      for (let n = 0; n < count; n++) expect([bits.has(n), bits.upTo(n)]).toEqual([model.has(n), [...model].filter((other) => other <= n).length]);
    }),
  );
});
