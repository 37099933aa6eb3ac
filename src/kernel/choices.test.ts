import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Choices } from './choices.ts';

/** The least value whose cumulated chance is above that of the word. */
function naive(chances: readonly number[], word: number): number {
  const total = chances.reduce((sum, chance) => sum + chance, 0);
  const last = chances.findLastIndex((chance) => chance > 0);
  let sum = 0;
  const cumulated = chances.map((chance, k) => {
    sum += chance;
    return k >= last ? 2 ** 32 : (sum / total) * 2 ** 32;
  });
  return cumulated.findIndex((end) => end > word);
}

const distribution = fc
  .array(fc.oneof(fc.constant(0), fc.constant(1e-12), fc.double({ min: 0, max: 1, noNaN: true })), { minLength: 1, maxLength: 140 })
  .filter((chances) => chances.some((chance) => chance > 0));
const word = fc.oneof(
  fc.constantFrom(0, 1, 2 ** 31, 2 ** 32 - 1),
  fc.nat(63).map((range) => range * 2 ** 26),
  fc.integer({ min: 0, max: 2 ** 32 - 1 }),
);

test('a word draws the value of its share, whatever else is beside', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(distribution, fc.array(word, { minLength: 1, maxLength: 20 })), { minLength: 1, maxLength: 12 }), (all) => {
      const choices = new Choices();
      const names = all.map(([chances]) => choices.add(chances));
      all.forEach(([chances, asked], i) => {
        for (const one of asked) expect(choices.drawn(names[i] ?? -1, one)).toBe(naive(chances, one));
      });
    }),
  );
});
