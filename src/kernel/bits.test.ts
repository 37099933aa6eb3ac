import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Bits } from './bits.ts';

test('a set of bits is the set of the platform, and its words list it in order', () => {
  const count = 70;
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), fc.nat(count - 1)), { maxLength: 200 }), (steps) => {
      const bits = new Bits(count);
      const model = new Set<number>();
      for (const [add, n] of steps) {
        if (add) {
          bits.add(n);
          model.add(n);
        } else {
          bits.delete(n);
          model.delete(n);
        }
        expect([bits.has(n), bits.empty]).toEqual([model.has(n), model.size === 0]);
      }
      const listed: number[] = [];
      for (const [w, word] of bits.words.entries()) for (let left = word; left !== 0; left &= left - 1) listed.push(32 * w + 31 - Math.clz32(left & -left));
      expect(listed).toEqual([...model].toSorted((a, b) => a - b));
    }),
  );
});
