import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { stream } from './random.ts';
import { StackDistances } from './stack-distances.ts';

/** References that a list of the most recently used finds at each size. */
function naive(references: readonly number[], sizes: readonly number[]): readonly number[] {
  const found = sizes.map(() => 0);
  let list: number[] = [];
  for (const id of references) {
    const distance = list.indexOf(id);
    sizes.forEach((size, i) => {
      if (distance >= 0 && distance < size) found[i] = (found[i] ?? 0) + 1;
    });
    list = [id, ...list.filter((other) => other !== id)];
  }
  return found;
}

function counted(references: readonly number[], sizes: readonly number[], most: number): { readonly found: readonly number[]; readonly sampled: number } {
  const distances = new StackDistances(most);
  for (const id of references) {
    distances.measure(id, 1);
    distances.touch(id, 1);
  }
  return { found: sizes.map((size) => distances.found(size)), sampled: distances.sampled };
}

describe('stack distances', () => {
  test('say what a list of the most recently used would have found, however often places in time are renumbered', () => {
    const sizes = [1, 2, 3, 5, 8, 13, 20, 30];
    fc.assert(
      fc.property(fc.array(fc.nat(30), { maxLength: 400 }), (references) => {
        expect(counted(references, sizes, 31)).toEqual({ found: naive(references, sizes), sampled: 1 });
      }),
    );
  });

  test('a sample that does not grow comes within two hundredths of the share found', () => {
    const random = stream(1, 'references');
    // Popular ids are small.
    const references = Array.from({ length: 100_000 }, () => Math.floor(20_000 * random.uniform() * random.uniform()));
    const sizes = [256, 1024, 4096, 16_384];
    const exact = counted(references, sizes, 20_000);
    const estimate = counted(references, sizes, 3000);
    expect(exact.sampled).toBe(1);
    expect(estimate.sampled).toBeLessThanOrEqual(1 / 4);
    sizes.forEach((_, i) => expect(Math.abs((estimate.found[i] ?? 0) - (exact.found[i] ?? 0)) / references.length).toBeLessThan(0.02));
  });
});
